import { memoryMemberSource, memoryPhotoStore } from "@facekit/core";
import { toyFaces, toyFlows } from "./toy-flows.js";

toyFlows("with photos", () => ({ index: toyFaces(), members: memoryMemberSource(), photos: memoryPhotoStore() }));
toyFlows("without photos", () => ({ index: toyFaces(), members: memoryMemberSource() }));
toyFlows("of a source without face ids", () => {
  const { linkFaces: _, ...members } = memoryMemberSource();
  return { index: toyFaces(), members };
});
toyFlows("of a source that takes members only whole", () => {
  const { merge: _, ...members } = memoryMemberSource();
  return { index: toyFaces(), members };
});
toyFlows("of a read-only source", () => {
  const { linkFaces: _, ...members } = memoryMemberSource();
  return { index: toyFaces(), members: { ...members, capabilities: { ...members.capabilities, writable: false } } };
});
