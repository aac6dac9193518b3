import { detectorConformance, faceIndexConformance } from "@facekit/conformance";
import { encodeImage } from "@facekit/node";
import { test } from "vitest";
import { rekognitionDetector } from "../src/index.js";
import { connectionTo, groupPhoto, indexAt, portrait, startServer } from "./support.js";

const people = await Promise.all(
  [1000, 1001].map(async (person, i) => ({
    id: `person ${i}`,
    images: [await portrait(person, 1), await portrait(person, 2), await portrait(person, 3)],
  })),
);

faceIndexConformance({
  test,
  create: async () => indexAt(await startServer()),
  people,
  stranger: await portrait(1002, 4),
});

detectorConformance({
  test,
  create: async () => rekognitionDetector({ ...connectionTo(await startServer()), encode: encodeImage }),
  pictures: [
    { image: await portrait(1000, 1), faces: 1 },
    { image: await portrait(1001, 2), faces: 1 },
    { image: await groupPhoto([1000, 1001, 1002], 5), faces: 3 },
  ],
});
