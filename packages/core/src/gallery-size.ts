import { checkNumber } from "./checks.js";
import { chooseThreshold, type Threshold } from "./decision.js";
import { FaceKitError } from "./errors.js";
import type { Calibration } from "./spec/embedder.js";

/**
 * FPIR(N) = 1 - (1 - FMR)^N: a search of N templates is N comparisons, and one false match is enough (ISO/IEC 19795-1;
 * A. J. Mansfield, J. L. Wayman, "Best practices in testing and reporting performance of biometric devices", NPL, 2002).
 * It takes the comparisons as independent. Templates of one member err together, so that the true rate is rather lower.
 */
export function expectedFalsePositiveRate(falseMatchRate: number, templates: number): number {
  return -Math.expm1(templates * Math.log1p(-falseMatchRate));
}

/** The FMR that a gallery of N templates wants for an FPIR: the inverse of `expectedFalsePositiveRate`. */
export function falseMatchRateFor(falsePositiveRate: number, templates: number): number {
  return -Math.expm1(Math.log1p(-falsePositiveRate) / templates);
}

/**
 * The calibrated threshold at which a search of so many templates names a stranger at most at this rate. Refuses a rate
 * that the calibration does not support at this size, with the lowest that it does.
 */
export function thresholdForGallery(
  falsePositiveRate: number,
  templates: number,
  calibration: Calibration | undefined,
): Threshold {
  checkNumber("falsePositiveRate", falsePositiveRate, { min: Number.MIN_VALUE, max: 0.999 });
  const lowest = Math.min(...(calibration?.points ?? []).map((point) => point.falseMatchRate));
  if (!Number.isFinite(lowest)) {
    throw new FaceKitError(
      "invalid-argument",
      "No error rate of this model was measured, so none can be asked for: leave falsePositiveRate out.",
    );
  }
  const falseMatchRate = falseMatchRateFor(falsePositiveRate, templates);
  if (falseMatchRate * (1 + 1e-9) < lowest) {
    throw new FaceKitError(
      "invalid-argument",
      `falsePositiveRate ${falsePositiveRate} over ${templates} templates wants a false match rate of ` +
        `${falseMatchRate.toExponential(1)}; the lowest measured is ${lowest}. ` +
        `The lowest falsePositiveRate here is ${expectedFalsePositiveRate(lowest, templates).toPrecision(2)}.`,
    );
  }
  return chooseThreshold({ falseMatchRate }, calibration);
}
