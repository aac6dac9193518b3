/** Registers drawn people until it is killed, and tells of each only when it was acknowledged. */
import { conditionsFromSeed, drawPortrait, personFromSeed } from "@facekit/drawn-people";
import { createFaceKit } from "@facekit/node";

const kit = await createFaceKit({ store: process.argv[2], threshold: 0.99 });
const photos = await Promise.all([1, 2].map((seed) => drawPortrait(personFromSeed(1000), conditionsFromSeed(seed))));
for (let n = 0; ; n++) {
  await kit.register(`member-${process.argv[3]}-${n}`, photos);
  process.stdout.write(`member-${process.argv[3]}-${n}\n`);
}
