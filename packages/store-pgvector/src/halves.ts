/**
 * Search rows hold vectors as IEEE 754 half floats (pgvector's `halfvec`): half the memory of float32, and up to 4,000
 * dimensions in an HNSW index instead of 2,000. They only propose members; similarities are those of the float32 templates.
 */

/** A vector as PostgreSQL reads it. Seven digits are far more than a half float holds. */
export function halfvecText(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => Number(value.toPrecision(7))).join(",")}]`;
}

/**
 * How far the inner product of two half-float vectors, as pgvector sums it up in float32, can lie from the cosine of the
 * float32 vectors of unit length. Rounding to half floats changes a number by 2^-11 of itself at most, or by 2^-25 where
 * it is subnormal, and both vectors by so much of their length; n products summed up in float32 add n · 2^-24 of the
 * sum of their absolute values, which is 1 at most (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).
 * A hundredth more covers the products of these, and lengths that are 1 but for rounding.
 */
export function halvesErrorBound(dimensions: number): number {
  return 1.01 * (2 * (2 ** -11 + Math.sqrt(dimensions) * 2 ** -25) + dimensions * 2 ** -24);
}
