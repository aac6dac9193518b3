/**
 * Why the first pass loses nothing.
 *
 * A row x is stored as int8 codes, x̂ = s·c, and the query q as int16 codes, q̂ = t·d. The first pass computes q̂·x̂,
 * whose integer sum is exact. Its distance from the similarity q·x is
 *
 *     e = q·x − q̂·x̂ = q·(x − x̂) + (q − q̂)·x̂
 *
 * and so, by Cauchy and Schwarz, with r = ‖x − x̂‖ and r_q = ‖q − q̂‖ measured when quantising,
 *
 *     |e| ≤ ‖q‖·r + r_q·‖x̂‖ ≤ ‖q‖·r + r_q·(‖x‖ + r) = r·(‖q‖ + r_q) + r_q·‖x‖.
 *
 * For unit vectors that is r·(1 + r_q) + r_q. `norm` stands for ‖q‖ and ‖x‖, `reach` for ‖q‖ + r_q and `slack` for
 * r_q·‖x‖ + `rounding`; the window of a row is r·reach + slack.
 *
 * If k rows have a lower bound of L or more, then a row whose upper bound is below L is worse than all of them, strictly:
 * it is not among the best k, nor tied with the last. All others are compared in double precision (`similarity` in the
 * kernel), so the hits, their order and their similarities are those of a full comparison in that arithmetic.
 */
export interface ErrorBound {
  /** Unit vectors are accepted (`checkVector`) with a squared length of up to 1.001. */
  readonly norm: number;
  /**
   * The pass is in float32, ε = 2⁻²⁴. Turning the sum into a similarity rounds three times, adding the window up to
   * four times and the threshold once, each time by ε × a value of at most 1.1: 9·ε < 5.4e-7. The double precision of
   * the similarity itself adds at most dimensions × 2⁻⁵³.
   */
  readonly rounding: number;
}

export const errorBound: ErrorBound = { norm: 1.001, rounding: 1e-6 };

const largestInt32 = 2 ** 31 - 1;
const largestInt16 = 2 ** 15 - 1;
const largestCode = 127;

/**
 * The largest code of a query, so that the sum of `dimensions` products with codes of up to 127 fits an int32: all of
 * int16 up to 516 dimensions, less above.
 */
export function queryCodeLimit(dimensions: number): number {
  return Math.min(largestInt16, Math.floor(largestInt32 / (largestCode * dimensions)));
}
