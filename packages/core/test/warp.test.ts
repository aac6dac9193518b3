import { expect, test } from "vitest";
import { alignInto } from "../src/geometry/alignment.js";
import type { SimilarityTransform } from "../src/geometry/similarity-transform.js";
import { warpInto } from "../src/geometry/warp.js";
import type { DecodedImage } from "../src/spec/image.js";
import { gradient, grey, paint } from "./pixels.js";
import { plainWarp } from "./plain-pixels.js";
import { seeded } from "./seeded.js";

const identity: SimilarityTransform = { a: 1, b: 0, tx: 0, ty: 0 };

function warp(image: DecodedImage, transform: SimilarityTransform, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  warpInto(image, transform, width, height, out);
  return out;
}

test("the identity copies the pixels", () => {
  const image = paint(13, 9, gradient);
  expect(warp(image, identity, 13, 9)).toEqual(image.data);
});

test("a whole translation moves pixels and leaves black behind", () => {
  const out = warp(paint(8, 8, gradient), { ...identity, tx: 2, ty: -3 }, 8, 8);
  const expected = paint(8, 8, (x, y) => (x < 2 || y >= 5 ? [0, 0, 0] : gradient(x - 2, y + 3)));
  expect(out).toEqual(expected.data);
});

test("a half translation takes the mean of neighbours", () => {
  const out = warp(
    paint(4, 1, (x) => grey(x * 40)),
    { ...identity, tx: 0.5 },
    4,
    1,
  );
  expect([...out].filter((_, i) => i % 3 === 0)).toEqual([0, 20, 60, 100]);
});

test("a quarter turn turns", () => {
  const out = warp(paint(5, 5, gradient), { a: 0, b: 1, tx: 5, ty: 0 }, 5, 5);
  expect(out).toEqual(paint(5, 5, (x, y) => gradient(y, 4 - x)).data);
});

test("shrinking averages a checkerboard to grey instead of aliasing", () => {
  const checkerboard = paint(128, 128, (x, y) => grey((x + y) % 2 === 0 ? 0 : 255));
  for (const size of [64, 32, 16]) {
    const out = warp(checkerboard, { a: size / 128, b: 0, tx: 0, ty: 0 }, size, size);
    for (const value of out) expect(Math.abs(value - 127.5)).toBeLessThan(2);
  }
});

test("the alpha channel is ignored", () => {
  const t = { a: 0.7, b: 0.2, tx: 1, ty: -2 };
  expect(warp(paint(20, 20, gradient, 4), t, 16, 16)).toEqual(warp(paint(20, 20, gradient), t, 16, 16));
});

test("writes at its offset and nowhere else", () => {
  const out = new Uint8Array(3 * 12).fill(7);
  warpInto(
    paint(2, 2, () => grey(9)),
    identity,
    2,
    2,
    out,
    12,
  );
  expect([...out]).toEqual([...new Array(12).fill(7), ...new Array(12).fill(9), ...new Array(12).fill(7)]);
});

test("alignment puts the landmarks on their targets, and wants them measured", () => {
  const marked = paint(100, 100, (x, y) => (Math.hypot(x - 40, y - 50) < 4 ? [255, 0, 0] : [0, 0, 0]));
  const at = (x: number, y: number) => ({ x, y });
  const face = {
    box: { x: 30, y: 30, width: 50, height: 50 },
    score: 1,
    landmarks: [at(40.5, 50.5), at(60.5, 50.5), at(50.5, 60.5), at(42.5, 70.5), at(58.5, 70.5)] as const,
  };
  const targets = face.landmarks.map(({ x, y }) => at((x - 30.5) / 2, (y - 40.5) / 2));
  const out = new Uint8Array(20 * 20 * 3);
  alignInto(marked, face, { size: 20, points: "landmarks", targets }, out, 0);
  expect(out[(5 * 20 + 5) * 3]).toBeGreaterThan(200);
  expect(out[(15 * 20 + 15) * 3]).toBe(0);
  const by68 = { size: 20, points: { landmarks68: [36, 45] }, targets: targets.slice(0, 2) };
  expect(() => alignInto(marked, face, by68, out, 0)).toThrow(/68 landmarks/);
  const { landmarks, ...bare } = face;
  expect(() => alignInto(marked, bare, { size: 20, points: "landmarks", targets }, out, 0)).toThrow(/five landmarks/);
  expect(() => alignInto(marked, { ...face, landmarks68: landmarks }, by68, out, 0)).toThrow(/landmark 36/);
});

test("a transform without scale is refused, and one of a tiny scale costs little", () => {
  const image = paint(4, 4, gradient);
  for (const a of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => warp(image, { ...identity, a }, 2, 2)).toThrow(/scale above 0/);
  }
  expect(() => warp(image, { ...identity, tx: Number.NaN }, 2, 2)).toThrow(/finite/);
  for (const a of [1e-7, 1e-12, -1e-30]) expect(warp(image, { ...identity, a }, 16, 16)).toHaveLength(16 * 16 * 3);
});

test("a face whose points coincide or mirror the template is refused", () => {
  const at = (x: number, y: number) => ({ x, y });
  const face = { box: { x: 0, y: 0, width: 9, height: 9 }, score: 1 };
  const targets = [at(0, 0), at(9, 0), at(9, 9), at(0, 9)];
  const template = { size: 9, points: { landmarks68: [0, 1, 2, 3] }, targets };
  const align = (landmarks68: { x: number; y: number }[]) => () =>
    alignInto(paint(9, 9, gradient), { ...face, landmarks68 }, template, new Uint8Array(9 * 9 * 3), 0);
  expect(align(targets)).not.toThrow();
  expect(align(targets.map(() => at(4, 4)))).toThrow(/cannot be fitted/);
  expect(align(targets.map(({ x, y }) => at(y, x)))).toThrow(/mirror/);
});

test("any turn, scale and place agrees with the plain mean of samples within one grey level", () => {
  const random = seeded(4);
  for (let round = 0; round < 80; round++) {
    const noise = (): [number, number, number] => [random() * 256, random() * 256, random() * 256];
    const [width, height] = [1 + Math.floor(random() * 70), 1 + Math.floor(random() * 70)];
    const image = paint(width, height, noise, round % 2 === 0 ? 3 : 4);
    const scale = Math.exp((random() - 0.5) * 4);
    const turn = random() * 2 * Math.PI;
    const [a, b] = [scale * Math.cos(turn), scale * Math.sin(turn)];
    // The middle of the image goes near the middle of the chip.
    const tx = 12 + random() * 16 - (a * width - b * height) / 2;
    const ty = 12 + random() * 16 - (b * width + a * height) / 2;
    const out = warp(image, { a, b, tx, ty }, 40, 31);
    const expected = plainWarp(image, { a, b, tx, ty }, 40, 31);
    expect(out.every((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) < 1)).toBe(true);
  }
});

test("a chip beside the image is black, whatever was there before", () => {
  const out = new Uint8Array(8 * 8 * 3).fill(9);
  warpInto(paint(5, 5, gradient), { ...identity, tx: 1000 }, 8, 8, out);
  expect(out.every((value) => value === 0)).toBe(true);
});
