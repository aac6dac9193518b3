import { type Interval, rateInterval } from "./interval.js";
import { countAccepted, type Scores } from "./scores.js";

/**
 * Error rates at one threshold, in the terms of ISO/IEC 19795-1. They are of comparisons that took place: a photo
 * without a face is counted as a failure to enrol and not here.
 */
export interface RatesAtThreshold {
  readonly threshold: number;
  /** FMR = false matches / impostor comparisons. */
  readonly falseMatchRate: number;
  readonly falseMatches: number;
  readonly falseMatchRateInterval: Interval;
  /** FNMR = false non-matches / genuine comparisons. */
  readonly falseNonMatchRate: number;
  readonly falseNonMatches: number;
  readonly falseNonMatchRateInterval: Interval;
}

export function ratesAt({ genuine, impostor }: Scores, threshold: number): RatesAtThreshold {
  const falseMatches = countAccepted(impostor, threshold);
  const falseNonMatches = genuine.length - countAccepted(genuine, threshold);
  return {
    threshold,
    falseMatchRate: falseMatches / impostor.length,
    falseMatches,
    falseMatchRateInterval: rateInterval(falseMatches, impostor.length),
    falseNonMatchRate: falseNonMatches / genuine.length,
    falseNonMatches,
    falseNonMatchRateInterval: rateInterval(falseNonMatches, genuine.length),
  };
}

/** How finely thresholds are given: enough for embedders whose cosines lie within a few hundredths. */
const stepsPerUnit = 1e6;

/**
 * The lowest threshold, in steps of a millionth, that accepts at most this share of the ascending scores. It lies above
 * a score and not on it, because a decision accepts what equals the threshold.
 */
export function thresholdAccepting(share: number, scores: Float64Array): number {
  const allowed = Math.floor(share * scores.length + 1e-9);
  const refused = scores[scores.length - 1 - allowed];
  if (refused === undefined) return -1;
  const steps = Math.floor(refused * stepsPerUnit) + 1;
  // The product may have been rounded down to below a step that the score lies on.
  return steps / stepsPerUnit > refused ? steps / stepsPerUnit : (steps + 1) / stepsPerUnit;
}
