import { expect, test } from "vitest";
import type { EmbeddingSpace } from "../src/spec/embedder.js";
import { checkVector, dot, meanTemplate, normalize } from "../src/vectors.js";

const space: EmbeddingSpace = { id: "s", dimensions: 3, metric: "cosine" };

test("normalize gives a new vector of unit length in the same direction", () => {
  const input = Float32Array.of(3, 0, 4);
  const unit = normalize(input);
  expect([...input]).toEqual([3, 0, 4]);
  expect(unit[0]).toBeCloseTo(0.6);
  expect(unit[2]).toBeCloseTo(0.8);
  expect(dot(unit, unit)).toBeCloseTo(1, 6);
});

test("the mean template is of unit length, and there is none where templates cancel out", () => {
  const mean = meanTemplate([Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0), Float32Array.of(1, 0, 0)]);
  expect([...(mean ?? [])]).toEqual([Math.fround(2 / Math.sqrt(5)), Math.fround(1 / Math.sqrt(5)), 0]);
  const tilt = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle), 0);
  expect(meanTemplate([tilt(0), tilt(Math.PI)])).toBeUndefined();
  expect(meanTemplate([tilt(0), tilt(Math.PI - 1e-3)])).toBeUndefined();
  expect(meanTemplate([tilt(0), tilt(Math.PI - 1e-2)])?.[1]).toBeCloseTo(1, 4);
  expect(meanTemplate([])).toBeUndefined();
});

test("normalize refuses vectors without direction", () => {
  for (const vector of [[0, 0], [], [1, Number.NaN], [1, Number.POSITIVE_INFINITY]]) {
    expect(() => normalize(vector)).toThrow(/has no direction/);
  }
});

test("dot accumulates in double precision", () => {
  const many = new Float32Array(1 << 16).fill(0.1);
  expect(dot(many, many)).toBeCloseTo(Math.fround(0.1) ** 2 * many.length, 8);
});

test("checkVector takes unit vectors of the space only", () => {
  expect(() => checkVector(Float32Array.of(0, 1, 0), space)).not.toThrow();
  expect(() => checkVector(Float32Array.of(0, 1.0004, 0), space)).not.toThrow();
  const bad: [Float32Array, RegExp][] = [
    [Float32Array.of(0, 1), /got 2 numbers/],
    [Float32Array.of(0, Number.NaN, 1), /NaN or infinity/],
    [Float32Array.of(0, Number.POSITIVE_INFINITY, 1), /NaN or infinity/],
    [Float32Array.of(0, 0, 0), /got length 0/],
    [Float32Array.of(0, 1.01, 0), /got length 1.0/],
    // From JavaScript anything may come.
    [[0, 1, 0] as unknown as Float32Array, /no Float32Array/],
  ];
  for (const [vector, message] of bad) expect(() => checkVector(vector, space, "here")).toThrow(message);
});
