/**
 * Why the first pass loses nothing.
 *
 * With a centre m, the same for all rows of a gallery, a row is x = m + y and the query q = m + p. Then, exactly,
 *
 *     q·x = q·m + m·y + p·y.
 *
 * q·m is a constant of the query, m·y is kept with the row, and p·y is what the pass estimates, from y as int8 codes,
 * ŷ = s·c, and p as int16 codes, p̂ = t·d. The integer sum in p̂·ŷ is exact. The estimate is off by
 *
 *     e = p·y − p̂·ŷ = p·(y − ŷ) + (p − p̂)·ŷ
 *
 * and so, by Cauchy and Schwarz, with r = ‖y − ŷ‖ and r_p = ‖p − p̂‖ measured when quantising,
 *
 *     |e| ≤ ‖p‖·r + r_p·‖ŷ‖ ≤ ‖p‖·r + r_p·(‖y‖ + r) = r·(‖p‖ + r_p) + r_p·‖y‖.
 *
 * For m = 0 and unit vectors that is r·(1 + r_q) + r_q. Templates of some embedders lie close to one another (cosines of
 * strangers from 0.90 to 0.96); about their mean, both ‖p‖ and r shrink with the spread. `reach` stands for ‖p‖ + r_p,
 * `farthest` for the most that ‖y‖ can be, and `slack` for r_p·farthest + `rounding`; a row's window is r·reach + slack.
 *
 * If k rows have a lower bound of L or more, then a row whose upper bound is below L is worse than all of them, strictly:
 * it is not among the best k, nor tied with the last. All others are compared in double precision (`similarity` in the
 * kernel), so the hits, their order and their similarities are those of a full comparison in that arithmetic.
 */
export interface ErrorBound {
  /** Vectors are accepted (`checkVector`) with a squared length of up to 1.001, and a mean is no longer than they are. */
  readonly farthest: number;
  /**
   * The pass is in float32, ε = 2⁻²⁴: it rounds a dozen times, the kept numbers included, each time by at most ε × the
   * value. No value exceeds 4 (q·m is at most 1.001, m·y and p·y at most 2.1 and 4.1, and their sum is q·x but for e),
   * which makes 12·4·ε < 2.9e-6. The double precision of the similarity itself adds at most dimensions × 2⁻⁵³.
   */
  readonly rounding: number;
}

export const errorBound: ErrorBound = { farthest: 2.01, rounding: 4e-6 };

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
