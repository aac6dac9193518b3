import { flowConformance } from "@facekit/conformance";
import { memoryMemberSource, memoryPhotoStore } from "@facekit/core";
import { encodeImage } from "@facekit/node";
import { test } from "vitest";
import { indexAt, startToyServer } from "./support.js";
import { toyPhoto } from "./toy-engine.js";

const people = await Promise.all(
  [0, 1].map(async (person, i) => ({
    id: `person ${i}`,
    images: [await encodeImage(toyPhoto([person])), await encodeImage(toyPhoto([person], 8))],
  })),
);

flowConformance({
  test,
  create: async () => ({
    index: indexAt(await startToyServer({ pageSize: 2, lagMs: 30 })),
    members: memoryMemberSource(),
    photos: memoryPhotoStore(),
  }),
  people,
  stranger: await encodeImage(toyPhoto([2])),
});
