import { type FlowParts, flowConformance } from "@facekit/conformance";
import {
  createVectorStore,
  type FaceIndex,
  type FaceRecords,
  localFaceIndex,
  type MemberSource,
  memoryFaceRecords,
  memoryMemberSource,
} from "@facekit/core";
import { test } from "vitest";
import { decodeToy, toyDetector, toyEmbedder, toyFile, toyIndex, toyPicture } from "./toys.js";

/** Faces that are coloured squares, for the flows over parts whose faces do not matter. */
export function toyFaces(records: FaceRecords = memoryFaceRecords()): FaceIndex {
  return localFaceIndex({
    detector: toyDetector(),
    embedder: toyEmbedder(),
    store: createVectorStore({ records, index: toyIndex() }),
    decode: decodeToy,
  });
}

/** The suite of the flows over parts that are made with toyFaces. */
export function toyFlows(name: string, create: () => FlowParts | Promise<FlowParts>): void {
  flowConformance({
    test: (title, run) => test(`${title} (${name})`, run),
    create,
    people: [
      { id: "red", images: [toyFile(toyPicture([220, 60, 60])), toyFile(toyPicture([210, 65, 60]))] },
      { id: "green", images: [toyFile(toyPicture([60, 220, 60])), toyFile(toyPicture([60, 210, 70]))] },
    ],
    stranger: toyFile(toyPicture([60, 60, 220])),
    threshold: { threshold: 0.98 },
  });
}

/** In memory, which lives as long as the index of a test: `reconcile` would not repair by members that end before. */
export function lastingMembers(): MemberSource {
  const source = memoryMemberSource();
  return { ...source, capabilities: { ...source.capabilities, persistent: true } };
}
