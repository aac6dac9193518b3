import type { ScoredPair } from "./pairs.js";

export interface Accuracy {
  /** The share of pairs decided rightly, 0..1. */
  readonly accuracy: number;
  readonly threshold: number;
}

/** Decided at a threshold. A pair that cannot be compared counts as decided "two people". */
export function accuracyAt(pairs: readonly ScoredPair[], threshold: number): Accuracy {
  const right = pairs.filter(({ similarity, same }) => (similarity ?? Number.NaN) >= threshold === same).length;
  return { accuracy: right / pairs.length, threshold };
}

/**
 * The best that any threshold reaches on these pairs. Where it is told of the same pairs it flatters; the threshold is
 * the middle between the two scores that it separates.
 */
export function bestAccuracy(pairs: readonly ScoredPair[]): Accuracy {
  const compared = pairs.flatMap(({ similarity, same }) => (similarity === undefined ? [] : [{ similarity, same }]));
  const sorted = compared.sort((a, b) => b.similarity - a.similarity);
  // Starts above all scores, where every pair is taken for two people.
  let right = pairs.filter(({ same }) => !same).length;
  let best = { right, threshold: 1 };
  for (const [i, { similarity, same }] of sorted.entries()) {
    right += same ? 1 : -1;
    const next = sorted[i + 1]?.similarity;
    // No threshold lies between equal scores.
    if (next !== similarity && right > best.right) {
      best = { right, threshold: next === undefined ? similarity : (similarity + next) / 2 };
    }
  }
  return { accuracy: best.right / pairs.length, threshold: best.threshold };
}

export interface FoldsAccuracy {
  /** The mean over the folds. */
  readonly accuracy: number;
  /** Of that mean: the folds' standard deviation (of a sample) by the root of their number. */
  readonly standardError: number;
  /** The mean of the folds' thresholds. */
  readonly threshold: number;
  readonly folds: readonly Accuracy[];
}

/**
 * LFW's protocol (G. B. Huang et al., "Labeled Faces in the Wild", UMass Amherst 07-49, 2007, "View 2"): each fold is
 * decided at the threshold that is best on all other folds; the mean of the folds' accuracies counts.
 */
export function accuracyOverFolds(folds: readonly (readonly ScoredPair[])[]): FoldsAccuracy {
  const results = folds.map((fold) => {
    const others = folds.filter((other) => other !== fold).flat();
    return accuracyAt(fold, bestAccuracy(others).threshold);
  });
  const accuracy = mean(results.map((fold) => fold.accuracy));
  const variance =
    results.reduce((sum, fold) => sum + (fold.accuracy - accuracy) ** 2, 0) / Math.max(1, folds.length - 1);
  return {
    accuracy,
    standardError: Math.sqrt(variance / folds.length),
    threshold: mean(results.map((fold) => fold.threshold)),
    folds: results,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
