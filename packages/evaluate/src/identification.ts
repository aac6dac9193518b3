import { dot, FaceKitError, meanTemplate } from "@facekit/core";
import { type Interval, rateInterval, supportsRate } from "./interval.js";
import { thresholdAccepting } from "./rates.js";
import { ascending, countAccepted, type Scores } from "./scores.js";

/** A photo to be searched in the gallery. */
export interface Probe {
  readonly photo: string;
  /** Who it shows; a person who is no member is a stranger. */
  readonly person: string;
  /** Absent where the photo could not be enrolled. */
  readonly template?: Float32Array;
}

/** What one search found. */
export interface Search {
  readonly photo: string;
  readonly person: string;
  /** Mated: the person is a member. */
  readonly mated: boolean;
  /**
   * The nearest member; a member is as near as the nearest of their templates and the mean of those, as in the store.
   * Absent for a probe without template.
   */
  readonly best?: { readonly memberId: string; readonly similarity: number };
  /** The similarity to the person as a member, of mated probes. */
  readonly mateSimilarity?: number;
}

/** Open-set identification in the terms of ISO/IEC 19795-1, at one threshold; only the nearest member is named. */
export interface IdentificationRates {
  readonly threshold: number;
  /** FPIR(N, T): the share of searches of strangers that name somebody. */
  readonly falsePositiveRate: number;
  readonly falsePositives: number;
  readonly falsePositiveRateInterval: Interval;
  /** FNIR(N, R = 1, T): the share of searches of members that do not name them, because of rank or threshold. */
  readonly falseNegativeRate: number;
  readonly falseNegatives: number;
  readonly falseNegativeRateInterval: Interval;
}

export interface IdentificationEvaluation {
  readonly members: number;
  readonly templates: number;
  /** N: how many comparisons a search makes: with each template, and with the mean of each member who has several. */
  readonly comparisons: number;
  /** Searches of members, and of strangers. */
  readonly matedSearches: number;
  readonly nonMatedSearches: number;
  /** Probes without a template. Of members they are false negatives; of strangers they are not counted. */
  readonly failuresToEnrol: number;
  /** The share of mated searches whose nearest member is the right one, whatever the similarity. */
  readonly rankOne: { readonly rate: number; readonly hits: number; readonly interval: Interval };
  /** At the threshold that was given. */
  readonly atThreshold?: IdentificationRates;
  /** At the thresholds that hold these FPIR on these very strangers, as far as their number supports them. */
  readonly rates: readonly IdentificationRates[];
}

const toldRates = [0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4] as const;

/**
 * Searches every probe in the gallery, exactly.
 *
 * @param gallery the templates of each member. A member without templates is still a member: their searches miss.
 */
export function searchAll(gallery: ReadonlyMap<string, readonly Float32Array[]>, probes: readonly Probe[]): Search[] {
  const compared = new Map([...gallery].map(([memberId, templates]) => [memberId, withMean(templates)]));
  return probes.map(({ photo, person, template }) => {
    const mated = gallery.has(person);
    if (template === undefined) return { photo, person, mated };
    const members = [...compared].map(([memberId, vectors]) => ({
      memberId,
      similarity: vectors.reduce((best, own) => Math.max(best, dot(own, template)), Number.NEGATIVE_INFINITY),
    }));
    const best = members.reduce((a, b) => (b.similarity > a.similarity ? b : a));
    const mate = members.find(({ memberId }) => memberId === person);
    return { photo, person, mated, best, ...(mate === undefined ? {} : { mateSimilarity: mate.similarity }) };
  });
}

/** Throws `invalid-argument` unless there are searches of members and of strangers. */
export function evaluateIdentification(
  gallery: ReadonlyMap<string, readonly Float32Array[]>,
  searches: readonly Search[],
  threshold?: number,
): IdentificationEvaluation {
  const mated = searches.filter((search) => search.mated);
  const strangers = searches.filter((search) => !search.mated && search.best !== undefined);
  if (mated.length === 0 || strangers.length === 0) {
    throw new FaceKitError(
      "invalid-argument",
      `Open-set rates want searches of members and of strangers; there are ${mated.length} and ${strangers.length}.`,
    );
  }
  const scores = identificationScores(searches);
  const hits = mated.filter(({ best, person }) => best?.memberId === person).length;
  return {
    members: gallery.size,
    templates: [...gallery.values()].reduce((sum, templates) => sum + templates.length, 0),
    comparisons: comparisonCount(gallery),
    matedSearches: mated.length,
    nonMatedSearches: strangers.length,
    failuresToEnrol: searches.filter(({ best }) => best === undefined).length,
    rankOne: { rate: hits / mated.length, hits, interval: rateInterval(hits, mated.length) },
    ...(threshold === undefined ? {} : { atThreshold: identificationRatesAt(scores, threshold) }),
    rates: toldRates
      .filter((rate) => supportsRate(rate, strangers.length))
      .map((rate) => identificationRatesAt(scores, thresholdAccepting(rate, scores.impostor))),
  };
}

/**
 * The scores by which a search errs: of mated ones that of the right member at rank 1, and minus infinity where another
 * is nearer; of strangers that of the nearest member.
 */
export function identificationScores(searches: readonly Search[]): Scores {
  const named = ({ best, person }: Search): number =>
    best?.memberId === person ? best.similarity : Number.NEGATIVE_INFINITY;
  return {
    genuine: ascending(searches.filter(({ mated }) => mated).map(named)),
    impostor: ascending(searches.flatMap(({ mated, best }) => (mated || best === undefined ? [] : [best.similarity]))),
  };
}

function identificationRatesAt({ genuine, impostor }: Scores, threshold: number): IdentificationRates {
  const falsePositives = countAccepted(impostor, threshold);
  const falseNegatives = genuine.length - countAccepted(genuine, threshold);
  return {
    threshold,
    falsePositiveRate: falsePositives / impostor.length,
    falsePositives,
    falsePositiveRateInterval: rateInterval(falsePositives, impostor.length),
    falseNegativeRate: falseNegatives / genuine.length,
    falseNegatives,
    falseNegativeRateInterval: rateInterval(falseNegatives, genuine.length),
  };
}

/** N of a gallery: how many comparisons one search makes. */
export function comparisonCount(gallery: ReadonlyMap<string, readonly Float32Array[]>): number {
  return [...gallery.values()].reduce((sum, templates) => sum + withMean(templates).length, 0);
}

/** What a member is compared by. */
function withMean(templates: readonly Float32Array[]): readonly Float32Array[] {
  const mean = templates.length < 2 ? undefined : meanTemplate(templates);
  return mean === undefined ? templates : [...templates, mean];
}
