import { expectedFalsePositiveRate } from "./gallery-size.js";
import type { MemberMatch } from "./spec/vector-store.js";
import type { Threshold } from "./threshold.js";

/** By what faces were decided, and how often that errs. */
export interface DecisionTerms {
  readonly threshold: Threshold;
  /**
   * N of a search (1:N): with how many templates the face was compared, the mean of a member's templates counted as one
   * more. Absent in 1:1, and where the index does not tell.
   */
  readonly gallerySize?: number;
  /**
   * FPIR(N) = 1 - (1 - FMR)^N, 0..1: at which rate a search of a gallery of this size is expected to name a stranger.
   * Absent in 1:1, where `threshold.falseMatchRate` says it all, and where either number is not known.
   */
  readonly expectedFalsePositiveRate?: number;
}

/**
 * Why nobody was recognised, for programs: the photo shows no face, nobody is enrolled, or the nearest member is below
 * the threshold. `face-too-small` comes beside the last: the face is smaller than registration takes (`minFaceSize`).
 */
export type Refusal = "no-face" | "nobody-enrolled" | "below-threshold" | "face-too-small";

/** The answer about one face: a match is not just a number. Similarities are never rounded. */
export interface Decision extends DecisionTerms {
  readonly matched: boolean;
  /** The member, where matched. */
  readonly memberId?: string;
  /** The similarity of the nearest candidate, where there was one. */
  readonly similarity?: number;
  /** How far the nearest candidate lies before the next member; absent when there is no other, and in 1:1. */
  readonly margin?: number;
  /** Why nothing matched; empty where something did. */
  readonly refusals: readonly Refusal[];
  /** The sentence to show when nothing matched. */
  readonly reason?: string;
}

/** The terms of a search of so many comparisons (1:N), where that is known. */
export function searchTerms(threshold: Threshold, gallerySize: number | undefined): DecisionTerms {
  const { falseMatchRate } = threshold;
  if (gallerySize === undefined) return { threshold };
  if (falseMatchRate === undefined) return { threshold, gallerySize };
  return {
    threshold,
    gallerySize,
    expectedFalsePositiveRate: expectedFalsePositiveRate(falseMatchRate, gallerySize),
  };
}

/** Decides about one face from its candidates, best first. */
export function decide(candidates: readonly MemberMatch[], terms: DecisionTerms): Decision {
  const [best, next] = candidates;
  if (best === undefined) {
    return { matched: false, ...terms, refusals: ["nobody-enrolled"], reason: "No member is enrolled here." };
  }
  const { similarity, memberId } = best;
  const compared = { similarity, ...(next === undefined ? {} : { margin: similarity - next.similarity }), ...terms };
  const refused = belowThreshold(similarity, terms.threshold, "The nearest member");
  return refused === undefined
    ? { matched: true, memberId, ...compared, refusals: [] }
    : { matched: false, ...compared, ...refused };
}

/** Why this similarity does not match, or undefined where it does. `what` begins the sentence. */
export function belowThreshold(
  similarity: number,
  { value }: Threshold,
  what: string,
): Pick<Decision, "refusals" | "reason"> | undefined {
  // NaN does not match.
  if (similarity >= value) return undefined;
  return {
    refusals: ["below-threshold"],
    reason: `${what} has similarity ${toldApart(similarity, value)}, below the threshold ${value}.`,
  };
}

/** As many decimals as the threshold has, four at least, and more where it takes more to show on which side it lies. */
function toldApart(similarity: number, threshold: number): string {
  for (let decimals = Math.max(4, decimalsOf(threshold)); decimals <= 20; decimals++) {
    const text = similarity.toFixed(decimals);
    if (Number(text) < threshold) return text;
  }
  return String(similarity);
}

function decimalsOf(value: number): number {
  return String(value).split(".")[1]?.length ?? 0;
}
