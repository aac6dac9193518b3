import { type FlowParts, flowConformance } from "@facekit/conformance";
import {
  createVectorStore,
  localFaceIndex,
  memoryFaceRecords,
  memoryMemberSource,
  memoryPhotoStore,
} from "@facekit/core";
import { test } from "vitest";
import { decodeToy, toyDetector, toyEmbedder, toyFile, toyIndex, toyPicture } from "./toys.js";

const toyFaces = () =>
  localFaceIndex({
    detector: toyDetector(),
    embedder: toyEmbedder(),
    store: createVectorStore({ records: memoryFaceRecords(), index: toyIndex() }),
    decode: decodeToy,
  });
const suite = {
  people: [
    { id: "red", images: [toyFile(toyPicture([220, 60, 60])), toyFile(toyPicture([210, 65, 60]))] },
    { id: "green", images: [toyFile(toyPicture([60, 220, 60])), toyFile(toyPicture([60, 210, 70]))] },
  ],
  stranger: toyFile(toyPicture([60, 60, 220])),
  threshold: { threshold: 0.98 },
};
const combinations: Readonly<Record<string, () => FlowParts>> = {
  "with photos": () => ({ index: toyFaces(), members: memoryMemberSource(), photos: memoryPhotoStore() }),
  "without photos": () => ({ index: toyFaces(), members: memoryMemberSource() }),
  "of a source without face ids": () => {
    const { linkFaces: _, ...members } = memoryMemberSource();
    return { index: toyFaces(), members };
  },
  "of a read-only source": () => {
    const { linkFaces: _, ...members } = memoryMemberSource();
    return { index: toyFaces(), members: { ...members, capabilities: { ...members.capabilities, writable: false } } };
  },
};
for (const [name, create] of Object.entries(combinations)) {
  flowConformance({ test: (title, run) => test(`${title} (${name})`, run), create, ...suite });
}
