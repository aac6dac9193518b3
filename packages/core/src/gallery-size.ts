import { checkNumber } from "./checks.js";
import { FaceKitError } from "./errors.js";
import type { Calibration } from "./spec/embedder.js";
import { chooseThreshold, type Threshold, type ThresholdOptions, thresholdOptionsOf } from "./threshold.js";

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

/** How many templates a gallery may have at most, so that a search at this FMR keeps the FPIR. */
export function largestGallery(falsePositiveRate: number, falseMatchRate: number): number {
  return Math.floor((Math.log1p(-falsePositiveRate) / Math.log1p(-falseMatchRate)) * (1 + 1e-9));
}

/**
 * Chooses the threshold of a search of so many templates (1:N). With `falsePositiveRate` it is the calibrated one at
 * which the search names a stranger at most at this rate; otherwise that of `chooseThreshold`, whatever the size.
 *
 * Throws `rate-not-supported` for a rate that the calibration does not support at this size, with the lowest that it
 * does and the largest gallery that would do, and `not-supported` where the size is not known.
 */
export function thresholdForGallery(
  options: ThresholdOptions,
  calibration: Calibration | undefined,
  templates: number | undefined,
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
  if (templates === undefined) {
    throw new FaceKitError(
      "not-supported",
      "This index does not tell how many templates it searches, so no falsePositiveRate can be held: give falseMatchRate.",
    );
  }
  const lowest = Math.min(...calibration.points.map((point) => point.falseMatchRate));
  // Nobody is named out of an empty gallery, at whatever threshold.
  const falseMatchRate = falseMatchRateFor(falsePositiveRate, Math.max(1, templates));
  if (falseMatchRate * (1 + 1e-9) < lowest) {
    const lowestHere = roundedUp(expectedFalsePositiveRate(lowest, Math.max(1, templates)));
    const largest = largestGallery(falsePositiveRate, lowest);
    throw new FaceKitError(
      "rate-not-supported",
      `falsePositiveRate ${falsePositiveRate} over ${counted(templates)} wants a ` +
        `false match rate of ${falseMatchRate.toExponential(1)}; the lowest measured is ${lowest}. ` +
        `The lowest falsePositiveRate here is ${lowestHere}` +
        (largest === 0 ? "." : `; ${falsePositiveRate} can be held up to ${counted(largest)}.`),
      { details: { falsePositiveRate, templates, lowest: lowestHere, largestGallery: largest } },
    );
  }
  return chooseThreshold({ falseMatchRate }, calibration);
}

/** Two digits, not below the rate: so that who asks for it gets it. */
function roundedUp(rate: number): number {
  const step = 10 ** (Math.floor(Math.log10(rate)) - 1);
  return Number((Math.ceil(rate / step - 1e-6) * step).toPrecision(2));
}

function counted(templates: number): string {
  return `${templates} ${templates === 1 ? "template" : "templates"}`;
}
