import { detSteps } from "./det.js";
import type { Scores } from "./scores.js";

export interface EqualErrorRate {
  /** EER: the rate at which FMR and FNMR are equal, 0..1. */
  readonly rate: number;
  readonly threshold: number;
}

/**
 * The equal error rate of ISO/IEC 19795-1. Over finitely many scores both rates are steps and need not meet: it is then
 * the mean of the two at the threshold where they are nearest.
 */
export function equalErrorRate(scores: Scores): EqualErrorRate {
  let nearest = { rate: 0.5, threshold: 1, gap: Number.POSITIVE_INFINITY };
  for (const { threshold, falseMatchRate, falseNonMatchRate } of detSteps(scores)) {
    const gap = Math.abs(falseMatchRate - falseNonMatchRate);
    if (gap < nearest.gap) nearest = { rate: (falseMatchRate + falseNonMatchRate) / 2, threshold, gap };
  }
  return { rate: nearest.rate, threshold: nearest.threshold };
}
