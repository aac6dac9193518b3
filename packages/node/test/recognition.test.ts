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
import { beforeAll, describe, expect, test } from "vitest";
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
    test("the nets see what each photo holds, though several wait for one thread", async () => {
      const { detector, embedder } = await loadPack(pack, { ...options, session: { workers: 1 } });
      const images = pictures.map(({ image }) => image);
      const vectorsOf = async (face: FaceInImage): Promise<Float32Array[]> => embedder.embed([face]);
      const alone = { faces: [] as unknown[], vectors: [] as unknown[] };
      for (const image of images) alone.faces.push(await detector.detect(image));
      for (const face of faces) alone.vectors.push(await vectorsOf(face));
      const together = [Promise.all(images.map((image) => detector.detect(image))), Promise.all(faces.map(vectorsOf))];
      expect(await Promise.all(together)).toEqual([alone.faces, alone.vectors]);
      await detector[Symbol.asyncDispose]();
      await embedder[Symbol.asyncDispose]();
    });
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
