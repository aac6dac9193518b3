import type { DecodedImage } from "@facekit/core";
import { encodeImage } from "@facekit/node";
import { expect, test } from "vitest";
import { indexAt, startToyServer } from "./support.js";

const colours = [
  [250, 40, 40],
  [40, 250, 40],
  [40, 40, 250],
] as const;
const ground = 100;

/** Three people side by side, so near that each is on the others' cuttings. */
function crowd(channels: 3 | 4): DecodedImage {
  const [width, height] = [760, 300];
  const data = new Uint8Array(width * height * channels).fill(ground);
  for (const [i, colour] of colours.entries()) {
    for (let y = 50; y < 250; y++) {
      for (let x = 0; x < 200; x++) data.set(colour, (y * width + 40 + i * 240 + x) * channels);
    }
  }
  return { data, width, height, channels };
}

test.each([3, 4] as const)("a face is sent with its neighbours painted over, of %i channels", async (channels) => {
  const server = await startToyServer();
  const sent: DecodedImage[] = [];
  const index = indexAt(server, {
    encode: (image, call) => {
      sent.push(image);
      return encodeImage(image, call);
    },
  });
  const probes = await index.probe(crowd(channels));
  const middle = probes.find(({ face: { box } }) => box.x > 240 && box.x < 320);
  if (middle === undefined) throw new Error("The face in the middle was not found.");
  sent.length = 0;
  await index.search("shop", [middle], { k: 1 });
  const [image] = sent;
  if (image === undefined) throw new Error("Nothing was sent.");
  // Places as shares of what is sent: from half of the face's width before it to half behind it.
  const colourAt = (x: number, y: number): number[] => {
    const at = (Math.floor(y * image.height) * image.width + Math.floor(x * image.width)) * image.channels;
    return [...image.data.subarray(at, at + 3)];
  };
  expect(colourAt(0.5, 0.5)).toEqual([40, 250, 40]);
  for (const x of [0.05, 0.95]) expect(colourAt(x, 0.5)).toEqual([128, 128, 128]);
  for (const x of [0.2, 0.8]) expect(colourAt(x, 0.5)).toEqual([ground, ground, ground]);
  for (const x of [0.05, 0.5, 0.95]) expect(colourAt(x, 0.03)).toEqual([ground, ground, ground]);
});
