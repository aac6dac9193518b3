import { expect, test } from "vitest";
import {
  fitSimilarity,
  invertSimilarity,
  type SimilarityTransform,
  scaleOf,
  transformPoint,
} from "../src/geometry/similarity-transform.js";
import type { Point } from "../src/spec/face.js";
import { seeded } from "./seeded.js";

const random = seeded(1);
const between = (low: number, high: number): number => low + random() * (high - low);
const randomPoints = (n: number): Point[] =>
  Array.from({ length: n }, () => ({ x: between(0, 500), y: between(0, 500) }));
const randomTransform = (): SimilarityTransform => {
  const scale = between(0.05, 4);
  const angle = between(-Math.PI, Math.PI);
  return { a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx: between(-300, 300), ty: between(-300, 300) };
};
const squaredError = (t: SimilarityTransform, from: Point[], to: Point[]): number =>
  from.reduce((sum, p, i) => {
    const q = transformPoint(t, p);
    return sum + (q.x - (to[i]?.x ?? 0)) ** 2 + (q.y - (to[i]?.y ?? 0)) ** 2;
  }, 0);

test("recovers a transform from its own points", () => {
  for (let round = 0; round < 200; round++) {
    const truth = randomTransform();
    const from = randomPoints(2 + (round % 6));
    const fitted = fitSimilarity(
      from,
      from.map((p) => transformPoint(truth, p)),
    );
    for (const key of ["a", "b", "tx", "ty"] as const) expect(fitted[key]).toBeCloseTo(truth[key], 6);
  }
});

test("is the least-squares optimum for noisy points: every small change makes it worse", () => {
  for (let round = 0; round < 50; round++) {
    const truth = randomTransform();
    const from = randomPoints(5);
    const to = from.map((p) => {
      const q = transformPoint(truth, p);
      return { x: q.x + between(-5, 5), y: q.y + between(-5, 5) };
    });
    const fitted = fitSimilarity(from, to);
    const least = squaredError(fitted, from, to);
    for (const [key, step] of [
      ["a", 1e-3],
      ["b", 1e-3],
      ["tx", 0.1],
      ["ty", 0.1],
    ] as const) {
      expect(squaredError({ ...fitted, [key]: fitted[key] + step }, from, to)).toBeGreaterThan(least);
      expect(squaredError({ ...fitted, [key]: fitted[key] - step }, from, to)).toBeGreaterThan(least);
    }
  }
});

test("never reflects", () => {
  const from = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 5, y: 9 },
  ];
  const fitted = fitSimilarity(
    from,
    from.map(({ x, y }) => ({ x: -x, y })),
  );
  expect(
    squaredError(
      fitted,
      from,
      from.map(({ x, y }) => ({ x: -x, y })),
    ),
  ).toBeGreaterThan(1);
});

test("inverts", () => {
  for (let round = 0; round < 50; round++) {
    const t = randomTransform();
    const [p = { x: 0, y: 0 }] = randomPoints(1);
    const back = transformPoint(invertSimilarity(t), transformPoint(t, p));
    expect(back.x).toBeCloseTo(p.x, 6);
    expect(back.y).toBeCloseTo(p.y, 6);
    expect(scaleOf(invertSimilarity(t)) * scaleOf(t)).toBeCloseTo(1, 9);
  }
});

test("refuses points that fix no transform", () => {
  const p = { x: 3, y: 4 };
  expect(() => fitSimilarity([p], [p])).toThrow(/2 or more/);
  expect(() => fitSimilarity([p, p], [p])).toThrow(/equally many/);
  expect(() => fitSimilarity([p, p], [p, { x: 0, y: 0 }])).toThrow(/coincide/);
  expect(() => fitSimilarity([p, { x: Number.NaN, y: 0 }], [p, p])).toThrow(/not numbers/);
});
