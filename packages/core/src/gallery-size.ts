import { checkNumber } from "./checks.js";
import { FaceKitError } from "./errors.js";
import type { Calibration } from "./spec/embedder.js";
import { chooseThreshold, type Threshold, type ThresholdOptions, thresholdOptionsOf } from "./threshold.js";

/**
 * FPIR(N) = 1 - (1 - FMR)^N: a search makes N comparisons, and one false match is enough (ISO/IEC 19795-1;
 * A. J. Mansfield, J. L. Wayman, "Best practices in testing and reporting performance of biometric devices", NPL, 2002).
 * N counts templates and, of members with several, their mean. It takes the comparisons as independent. Those with one
 * member err together, so that the true rate is rather lower.
 */
export function expectedFalsePositiveRate(falseMatchRate: number, comparisons: number): number {
  return -Math.expm1(comparisons * Math.log1p(-falseMatchRate));
}

/** The FMR that a search of N comparisons wants for an FPIR: the inverse of `expectedFalsePositiveRate`. */
export function falseMatchRateFor(falsePositiveRate: number, comparisons: number): number {
  return -Math.expm1(Math.log1p(-falsePositiveRate) / comparisons);
}

/** How many comparisons a search may make at most, so that it keeps the FPIR at this FMR. */
export function largestGallery(falsePositiveRate: number, falseMatchRate: number): number {
  return Math.floor((Math.log1p(-falsePositiveRate) / Math.log1p(-falseMatchRate)) * (1 + 1e-9));
}

/**
 * Chooses the threshold of a search of so many comparisons (1:N). With `falsePositiveRate` it is the calibrated one at
 * which the search names a stranger at most at this rate; otherwise that of `chooseThreshold`, whatever the size.
 *
 * Throws `rate-not-supported` for a rate that the calibration does not support at this size, with the lowest that it
 * does and the largest gallery that would do, and `not-supported` where the size is not known.
 */
export function thresholdForGallery(
  options: ThresholdOptions,
  calibration: Calibration | undefined,
  comparisons: number | undefined,
): Threshold {
  const { falsePositiveRate, ...others } = thresholdOptionsOf(options);
  if (falsePositiveRate === undefined) return chooseThreshold(others, calibration);
  checkNumber("falsePositiveRate", falsePositiveRate, { min: Number.MIN_VALUE, max: 0.999 });
  if (calibration === undefined || calibration.points.length === 0) {
    throw new FaceKitError(
      "rate-not-supported",
      "No error rate of this model was measured, so none can be asked for: leave falsePositiveRate out.",
    );
  }
  if (comparisons === undefined) {
    throw new FaceKitError(
      "not-supported",
      "This index does not tell how many comparisons a search makes, so no falsePositiveRate can be held: give falseMatchRate.",
    );
  }
  const lowest = Math.min(...calibration.points.map((point) => point.falseMatchRate));
  // Nobody is named out of an empty gallery, at whatever threshold.
  const falseMatchRate = falseMatchRateFor(falsePositiveRate, Math.max(1, comparisons));
  if (falseMatchRate * (1 + 1e-9) < lowest) {
    const lowestHere = roundedUp(expectedFalsePositiveRate(lowest, Math.max(1, comparisons)));
    const largest = largestGallery(falsePositiveRate, lowest);
    throw new FaceKitError(
      "rate-not-supported",
      `falsePositiveRate ${falsePositiveRate} over ${counted(comparisons)} wants a ` +
        `false match rate of ${falseMatchRate.toExponential(1)}; the lowest measured is ${lowest}. ` +
        `The lowest falsePositiveRate here is ${lowestHere}` +
        (largest === 0 ? "." : `; ${falsePositiveRate} can be held up to ${counted(largest)}.`),
      { details: { falsePositiveRate, comparisons, lowest: lowestHere, largestGallery: largest } },
    );
  }
  return chooseThreshold({ falseMatchRate }, calibration);
}

/** Two digits, not below the rate: so that who asks for it gets it. */
function roundedUp(rate: number): number {
  const step = 10 ** (Math.floor(Math.log10(rate)) - 1);
  return Number((Math.ceil(rate / step - 1e-6) * step).toPrecision(2));
}

function counted(comparisons: number): string {
  return `${comparisons} ${comparisons === 1 ? "comparison" : "comparisons"}`;
}
