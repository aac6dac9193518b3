import { detectorConformance, embedderConformance, faceIndexConformance } from "@facekit/conformance";
import {
  createVectorStore,
  type DecodedImage,
  type FaceInImage,
  localFaceIndex,
  memoryFaceRecords,
} from "@facekit/core";
import { cast, conditionsFromSeed, drawPortrait } from "@facekit/drawn-people";
import { exactIndex } from "@facekit/index-exact";
import { decodeImage, loadPack } from "@facekit/node";
import { beforeAll, describe, test } from "vitest";
import { groupPhoto } from "./drawn.js";
import { sharedModels, whyNot } from "./shared-models.js";

const packs = [
  { pack: "bundled", needs: undefined },
  { pack: "yunet+retail-0095", needs: sharedModels },
  { pack: "yunet+dlib-resnet-128", needs: sharedModels },
  { pack: "yunet-640+mobilefacenet-foamliu", needs: sharedModels },
];

const people: { id: string; images: DecodedImage[] }[] = [];
for (const [i, { name, person }] of cast.members.slice(0, 4).entries()) {
  const drawings = [1, 2, 3].map((picture) => drawPortrait(person, conditionsFromSeed(i * 10 + picture)));
  people.push({ id: name, images: await Promise.all(drawings.map(async (drawing) => decodeImage(await drawing))) });
}
const [, , , stranger] = people.flatMap(({ images }) => images.slice(0, 1));
if (stranger === undefined) throw new Error("the cast has fewer than four members");
const group = await decodeImage(await groupPhoto([1000, 1001, 1002, 1003], 7));

for (const { pack, needs } of packs) {
  const absent = pack !== "bundled" && needs === undefined;
  describe.skipIf(absent)(absent ? `${pack} (${whyNot})` : pack, () => {
    const options = needs === undefined ? {} : { modelsDirectory: needs };
    const faces: FaceInImage[] = [];

    beforeAll(async () => {
      const { detector, embedder } = await loadPack(pack, options);
      for (const image of people.flatMap(({ images }) => images.slice(0, 1))) {
        for (const face of await detector.detect(image)) faces.push({ image, face });
      }
      await detector[Symbol.asyncDispose]();
      await embedder[Symbol.asyncDispose]();
    });

    const pictures = [
      ...people.map(({ images }) => ({ image: images[0] ?? group, faces: 1 })),
      { image: group, faces: 4 },
    ];
    detectorConformance({ test, create: async () => (await loadPack(pack, options)).detector, pictures });
    embedderConformance({ test, create: async () => (await loadPack(pack, options)).embedder, faces });
    faceIndexConformance({
      test,
      create: async () => {
        const store = createVectorStore({ records: memoryFaceRecords(), index: exactIndex() });
        return localFaceIndex({ ...(await loadPack(pack, options)), store });
      },
      people: people.slice(0, 3),
      stranger,
    });
  });
}
