import { flowConformance } from "@facekit/conformance";
import { memoryPhotoStore } from "@facekit/core";
import { encodeImage } from "@facekit/node";
import { describe, test } from "vitest";
import { lastingMembers } from "../../conformance/test/toy-flows.js";
import { indexAt, packs, portraitFile, startServer, startToyServer } from "./support.js";
import { toyPhoto } from "./toy-engine.js";

const toys = await Promise.all(
  [0, 1].map(async (person, i) => ({
    id: `person ${i}`,
    images: [await encodeImage(toyPhoto([person])), await encodeImage(toyPhoto([person], 8))],
  })),
);

flowConformance({
  test,
  create: async () => ({
    index: indexAt(await startToyServer({ pageSize: 2, lagMs: 30 })),
    members: lastingMembers(),
    photos: memoryPhotoStore(),
  }),
  people: toys,
  stranger: await encodeImage(toyPhoto([2])),
});

const people = await Promise.all(
  [1000, 1001].map(async (person, i) => ({
    id: `person ${i}`,
    images: [await portraitFile(person, 1), await portraitFile(person, 2)],
  })),
);
const stranger = await portraitFile(1002, 4);

for (const { pack, whyNot } of packs) {
  describe.skipIf(whyNot !== undefined)(whyNot === undefined ? pack : `${pack} (${whyNot})`, () => {
    flowConformance({
      test,
      create: async () => ({
        index: indexAt(await startServer({}, pack)),
        members: lastingMembers(),
        photos: memoryPhotoStore(),
      }),
      people,
      stranger,
    });
  });
}
