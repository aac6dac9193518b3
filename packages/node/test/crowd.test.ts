import { createFaceKit, decodeImage, loadPack } from "@facekit/node";
import sharp from "sharp";
import { expect, test } from "vitest";
import { groupPhoto } from "./drawn.js";

test("a crowd's small faces are found in tiles, each once and where they are", async () => {
  const people = [1000, 1001, 1002, 1003, 1005, 1006];
  const group = sharp(await groupPhoto(people, 11));
  const { width = 0, height = 0 } = await group.metadata();
  // Six small groups in a photo so large that a face is under 1 % of its width.
  const small = await group
    .resize(Math.round(width / 3))
    .png()
    .toBuffer();
  const places = [0, 1, 2, 3, 4, 5].map((i) => ({ left: 300 + (i % 3) * 1200, top: 300 + Math.floor(i / 3) * 1200 }));
  const canvas = sharp({ create: { width: 3600, height: 2700, channels: 3, background: "#667788" } });
  const image = await decodeImage(
    await canvas
      .composite(places.map((at) => ({ input: small, ...at })))
      .jpeg()
      .toBuffer(),
  );

  await using kit = await createFaceKit();
  const seen = await kit.takeAttendance(image, { scene: "crowd" });
  const { detector, embedder } = await loadPack("bundled");
  const asGroup = await detector.detect(image, { scene: "group" });
  const asCrowd = await detector.detect(image, { scene: "crowd" });
  expect(asCrowd.length).toBeGreaterThan(asGroup.length);
  expect(seen.strangers).toBe(asCrowd.length);
  for (const { box } of asCrowd) {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const inside = places.some(({ left, top }) => x > left && x < left + width / 3 && y > top && y < top + height / 3);
    expect(inside, `a face at ${x}, ${y}`).toBe(true);
  }
  expect(asCrowd.length).toBeLessThanOrEqual(places.length * people.length);
  await detector[Symbol.asyncDispose]();
  await embedder[Symbol.asyncDispose]();
});
