import { checkNumber } from "./checks.js";
import { FaceKitError } from "./errors.js";
import type { Calibration } from "./spec/embedder.js";

/** From which similarity on two faces count as one person, and where that number came from. Never rounded. */
export interface Threshold {
  readonly value: number;
  /**
   * `calibration`: measured with this embedder. Of the others no error rate is known: `published` by the model's
   * authors, or a raw number of the `caller`.
   */
  readonly source: "calibration" | "published" | "caller";
  /** FMR of one comparison, 0..1: the rate of false matches between two people that was measured at this threshold. */
  readonly falseMatchRate?: number;
  /** The 95 % interval of that rate, `[low, high]`, where the calibration tells it. */
  readonly falseMatchRateInterval?: readonly [low: number, high: number];
  /** On how many pairs of different people, and which. */
  readonly impostorPairs?: number;
  readonly data?: string;
}

/** Ask for an error rate, or (knowing what you do) for a raw similarity. At most one of the three. */
export interface ThresholdOptions {
  /**
   * FMR: the rate of false matches of one comparison, for example 1e-4 for one in 10,000. A member with three templates
   * is compared four times: with each, and with their mean.
   */
  readonly falseMatchRate?: number;
  /**
   * FPIR: the 1:N rate at which one search of the whole gallery names a stranger, for example 1e-2 for one stranger in
   * 100. The threshold is chosen anew for each search, by the number of comparisons that it made. As the gallery
   * grows, a search rejects with `rate-not-supported` once the calibration's data do not reach that far.
   */
  readonly falsePositiveRate?: number;
  /** A raw similarity, -1..1 for cosine. Its error rate is not known. */
  readonly threshold?: number;
}

/** The options by which a threshold is chosen. */
export const thresholdOptionNames = ["threshold", "falseMatchRate", "falsePositiveRate"] as const;

/** The options that choose a threshold, without those that were left out. Throws `invalid-argument` for two of them. */
export function thresholdOptionsOf(options: ThresholdOptions): ThresholdOptions {
  const given = thresholdOptionNames.filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    const got = given.map((name) => `${name} ${options[name]}`).join(" and ");
    throw new FaceKitError("invalid-argument", `Give at most one of ${thresholdOptionNames.join(", ")}; got ${got}.`);
  }
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

/**
 * Chooses the threshold of a single comparison (1:1). Throws `rate-not-supported` for a rate below what the
 * calibration's data can support, and `invalid-argument` for `falsePositiveRate`, which is the rate of a search.
 */
export function chooseThreshold(options: ThresholdOptions, calibration: Calibration | undefined): Threshold {
  const { threshold, falseMatchRate, falsePositiveRate } = thresholdOptionsOf(options);
  if (falsePositiveRate !== undefined) {
    throw new FaceKitError(
      "invalid-argument",
      `falsePositiveRate ${falsePositiveRate} is the rate of a search (1:N), and here one face is compared with one ` +
        "member (1:1): give falseMatchRate.",
    );
  }
  if (threshold !== undefined) {
    checkNumber("threshold", threshold, { min: -1, max: 100 });
    return { value: threshold, source: "caller" };
  }
  if (calibration === undefined) {
    throw new FaceKitError(
      "invalid-argument",
      "This model has no calibration, so no error rate is known: give a threshold measured on your own photos.",
    );
  }
  if (calibration.points.length === 0) return publishedThreshold(options, calibration);
  const wanted = falseMatchRate ?? calibration.defaultFalseMatchRate;
  checkNumber("falseMatchRate", wanted, { min: 0, max: 1 });
  const supported = [...calibration.points].sort((a, b) => b.falseMatchRate - a.falseMatchRate);
  const point = supported.find((candidate) => candidate.falseMatchRate <= wanted * (1 + 1e-9));
  if (point === undefined) {
    const lowest = supported.at(-1)?.falseMatchRate ?? 1;
    throw new FaceKitError(
      "rate-not-supported",
      `falseMatchRate ${wanted} is below what was measured on ${calibration.data}; the lowest is ${lowest}.`,
      { details: { falseMatchRate: wanted, lowest } },
    );
  }
  return {
    value: point.threshold,
    source: "calibration",
    falseMatchRate: point.falseMatchRate,
    ...(point.interval === undefined ? {} : { falseMatchRateInterval: point.interval }),
    impostorPairs: point.impostorPairs,
    data: calibration.data,
  };
}

function publishedThreshold(options: ThresholdOptions, { data, publishedThreshold }: Calibration): Threshold {
  if (options.falseMatchRate !== undefined || publishedThreshold === undefined) {
    throw new FaceKitError(
      "rate-not-supported",
      "No error rate of this model was measured: leave falseMatchRate out, or give a threshold of your own.",
    );
  }
  return { value: publishedThreshold, source: "published", data };
}
