import { FaceKitError } from "./errors.js";
import type { EmbeddingSpace } from "./spec/embedder.js";

/** How far from 1 a template's length may lie: float32 rounding of a few thousand terms stays far below. */
const unitLengthTolerance = 1e-3;

/** Scales a vector to unit length, in a new array. Rejects vectors that have no direction or hold NaN or infinity. */
export function normalize(vector: ArrayLike<number>): Float32Array {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) ** 2;
  const length = Math.sqrt(sum);
  if (!(length > 0 && Number.isFinite(length))) {
    throw new FaceKitError("invalid-vector", `A vector of length ${length} has no direction and cannot be a template.`);
  }
  const unit = new Float32Array(vector.length);
  for (let i = 0; i < unit.length; i++) unit[i] = (vector[i] ?? 0) / length;
  return unit;
}

/** Templates whose mean is shorter than this point nowhere together: no direction is left that float32 holds well. */
const shortestMean = 1e-3;

/**
 * The mean of a member's templates, scaled to unit length: summed in double precision in the order given, by which the
 * last bits may differ. Indexes give them in the code-unit order of their ids. Undefined where they cancel out (a mean
 * shorter than 0.001), and of none.
 */
export function meanTemplate(templates: Iterable<Float32Array>): Float32Array | undefined {
  let sum = new Float64Array();
  let count = 0;
  for (const template of templates) {
    if (count++ === 0) sum = new Float64Array(template.length);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (template[i] ?? 0);
  }
  let squared = 0;
  for (let i = 0; i < sum.length; i++) squared += (sum[i] ?? 0) ** 2;
  return count === 0 || Math.sqrt(squared) < shortestMean * count ? undefined : normalize(sum);
}

/** The dot product, accumulated in double precision: the cosine of two unit vectors. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Throws `invalid-vector` unless the vector fits the space: its dimensions, finite numbers, unit length. */
export function checkVector(vector: Float32Array, space: EmbeddingSpace, adapter?: string): void {
  const refuse = (got: string): never => {
    throw new FaceKitError(
      "invalid-vector",
      `A template of space "${space.id}" is ${space.dimensions} finite numbers of unit length; got ${got}.`,
      adapter === undefined ? {} : { adapter },
    );
  };
  if (!(vector instanceof Float32Array)) refuse("something that is no Float32Array");
  if (vector.length !== space.dimensions) refuse(`${vector.length} numbers`);
  const squared = dot(vector, vector);
  if (!Number.isFinite(squared)) refuse("NaN or infinity among them");
  if (Math.abs(squared - 1) > unitLengthTolerance) refuse(`length ${Math.sqrt(squared)}`);
}
