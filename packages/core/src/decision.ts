import { checkNumber } from "./checks.js";
import { FaceKitError } from "./errors.js";
import type { Calibration } from "./spec/embedder.js";
import type { MemberMatch } from "./spec/vector-store.js";

/** From which similarity on two faces count as one person, and where that number came from. */
export interface Threshold {
  readonly value: number;
  /**
   * `calibration`: measured with this embedder. Of the others no error rate is known: `published` by the model's
   * authors, or a raw number of the `caller`.
   */
  readonly source: "calibration" | "published" | "caller";
  /** The rate of false matches between two people that was measured at this threshold. */
  readonly falseMatchRate?: number;
  /** On how many pairs of different people, and which. */
  readonly impostorPairs?: number;
  readonly data?: string;
}

/** Ask for an error rate, or (knowing what you do) for a raw similarity. At most one of the two. */
export interface ThresholdOptions {
  /** 1:1 rate of false matches, for example 1e-4 for one in 10,000. */
  readonly falseMatchRate?: number;
  /** A raw similarity, -1..1 for cosine. Its error rate is not known. */
  readonly threshold?: number;
}

/** Chooses the threshold; refuses a rate below what the calibration's data can support. */
export function chooseThreshold(options: ThresholdOptions, calibration: Calibration | undefined): Threshold {
  if (options.threshold !== undefined) {
    if (options.falseMatchRate !== undefined) {
      throw new FaceKitError("invalid-argument", "Give either threshold or falseMatchRate, not both.");
    }
    checkNumber("threshold", options.threshold, { min: -1, max: 100 });
    return { value: options.threshold, source: "caller" };
  }
  if (calibration === undefined) {
    throw new FaceKitError(
      "invalid-argument",
      "This model has no calibration, so no error rate is known: give a threshold measured on your own photos.",
    );
  }
  if (calibration.points.length === 0) return publishedThreshold(options, calibration);
  const wanted = options.falseMatchRate ?? calibration.defaultFalseMatchRate;
  checkNumber("falseMatchRate", wanted, { min: 0, max: 1 });
  const supported = [...calibration.points].sort((a, b) => b.falseMatchRate - a.falseMatchRate);
  const point = supported.find((candidate) => candidate.falseMatchRate <= wanted * (1 + 1e-9));
  if (point === undefined) {
    const lowest = supported.at(-1)?.falseMatchRate;
    throw new FaceKitError(
      "invalid-argument",
      `falseMatchRate ${wanted} is below what was measured on ${calibration.data}; the lowest is ${lowest}.`,
    );
  }
  return {
    value: point.threshold,
    source: "calibration",
    falseMatchRate: point.falseMatchRate,
    impostorPairs: point.impostorPairs,
    data: calibration.data,
  };
}

function publishedThreshold(options: ThresholdOptions, { data, publishedThreshold }: Calibration): Threshold {
  if (options.falseMatchRate !== undefined || publishedThreshold === undefined) {
    throw new FaceKitError(
      "invalid-argument",
      "No error rate of this model was measured: leave falseMatchRate out, or give a threshold of your own.",
    );
  }
  return { value: publishedThreshold, source: "published", data };
}

/** The answer about one face: a match is not just a number. */
export interface Decision {
  readonly matched: boolean;
  /** The member, where matched. */
  readonly memberId?: string;
  /** The similarity of the nearest candidate, where there was one. */
  readonly similarity?: number;
  /** How far the nearest candidate lies before the next member; absent when there is no other. */
  readonly margin?: number;
  readonly threshold: Threshold;
  /** The sentence to show when nothing matched. */
  readonly reason?: string;
}

/** Decides about one face from its candidates, best first. */
export function decide(candidates: readonly MemberMatch[], threshold: Threshold): Decision {
  const [best, next] = candidates;
  if (best === undefined) return { matched: false, threshold, reason: "No member is enrolled here." };
  const margin = next === undefined ? {} : { margin: best.similarity - next.similarity };
  // Written so that NaN does not match.
  if (!(best.similarity >= threshold.value)) {
    return {
      matched: false,
      similarity: best.similarity,
      ...margin,
      threshold,
      reason: `The nearest template has similarity ${best.similarity.toFixed(4)}, below the threshold ${threshold.value}.`,
    };
  }
  return { matched: true, memberId: best.memberId, similarity: best.similarity, ...margin, threshold };
}
