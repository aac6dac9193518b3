/** Similarities of pairs of photos, each list ascending. */
export interface Scores {
  /** Of mated comparisons: two photos of one person. */
  readonly genuine: Float64Array;
  /** Of non-mated comparisons: photos of two people. */
  readonly impostor: Float64Array;
}

export function ascending(similarities: Iterable<number>): Float64Array {
  return Float64Array.from(similarities).sort();
}

/** How many of the ascending scores are at least the threshold: a decision accepts these. */
export function countAccepted(scores: Float64Array, threshold: number): number {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((scores[middle] ?? 0) >= threshold) high = middle;
    else low = middle + 1;
  }
  return scores.length - low;
}
