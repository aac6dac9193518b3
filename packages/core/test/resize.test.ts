import { expect, test } from "vitest";
import { resize } from "../src/geometry/resize.js";
import { gradient, grey, paint } from "./pixels.js";
import { plainResize } from "./plain-pixels.js";
import { seeded } from "./seeded.js";

test("halving gives the means of 2 × 2 pixels", () => {
  const image = paint(4, 4, (x, y) => grey(x * 10 + y * 40));
  const expected = paint(2, 2, (x, y) => grey(x * 20 + y * 80 + 25));
  expect(resize(image, 2, 2)).toEqual(expected);
});

test("shrinking weights pixels by the area under the target", () => {
  // Three pixels to two: each target covers one and a half.
  const image = paint(3, 1, (x) => grey([30, 60, 90][x] ?? 0));
  expect([...resize(image, 2, 1).data]).toEqual([40, 40, 40, 80, 80, 80]);
});

test("shrinking to one pixel gives the mean of all", () => {
  const image = paint(7, 5, (x, y) => grey(x + y * 7));
  expect([...resize(image, 1, 1).data]).toEqual([17, 17, 17]);
});

test("a constant image stays constant at any size", () => {
  for (const value of [0, 1, 128, 254, 255]) {
    for (const [width, height] of [
      [1, 1],
      [2, 3],
      [13, 7],
      [64, 48],
      [101, 99],
    ] as const) {
      const image = paint(width, height, () => grey(value));
      for (const [w, h] of [
        [1, 1],
        [5, 9],
        [width + 1, Math.max(1, height - 1)],
        [33, 120],
        [width * 2, height * 3],
      ] as const) {
        const { data } = resize(image, w, h);
        expect(data.length).toBe(w * h * 3);
        expect(data.every((item) => item === value)).toBe(true);
      }
    }
  }
});

test("enlarging interpolates between pixel centres and repeats the border", () => {
  const image = paint(2, 1, (x) => grey(x * 100));
  expect([...resize(image, 4, 1).data].filter((_, i) => i % 3 === 0)).toEqual([0, 25, 75, 100]);
});

test("enlarging one way while shrinking the other", () => {
  const image = paint(2, 4, (x, y) => grey(x * 100 + y * 10));
  const { data } = resize(image, 4, 2);
  expect([...data].filter((_, i) => i % 3 === 0)).toEqual([5, 30, 80, 105, 25, 50, 100, 125]);
});

test("the alpha channel is dropped and ignored, colours keep their places", () => {
  expect(resize(paint(20, 14, gradient, 4), 20, 14)).toEqual(paint(20, 14, gradient));
  expect(resize(paint(20, 14, gradient, 4), 9, 31)).toEqual(resize(paint(20, 14, gradient), 9, 31));
});

test("any size to any other agrees with the plain sums within one grey level", () => {
  const random = seeded(3);
  const side = (most: number): number => 1 + Math.floor(random() * most);
  for (let round = 0; round < 60; round++) {
    const noise = (): [number, number, number] => [random() * 256, random() * 256, random() * 256];
    const image = paint(side(90), side(90), noise, round % 2 === 0 ? 3 : 4);
    const [width, height] = [side(60), side(60)];
    const expected = plainResize(image, width, height);
    const { data } = resize(image, width, height);
    expect(data).toHaveLength(expected.length);
    expect(data.every((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) < 1)).toBe(true);
  }
});

test("an image of more rows than are taken at a time", () => {
  const image = paint(700, 1500, gradient);
  const expected = plainResize(image, 9, 40);
  const { data } = resize(image, 9, 40);
  expect(data.every((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) < 1)).toBe(true);
});
