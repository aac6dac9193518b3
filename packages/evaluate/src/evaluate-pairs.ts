import { dot, FaceKitError } from "@facekit/core";
import { type Accuracy, accuracyAt, accuracyOverFolds, bestAccuracy, type FoldsAccuracy } from "./accuracy.js";
import { type EqualErrorRate, equalErrorRate } from "./equal-error-rate.js";
import { type Interval, rateInterval, supportsRate, trialsNeeded } from "./interval.js";
import type { Pair, ScoredPair } from "./pairs.js";
import { type RatesAtThreshold, ratesAt, thresholdAccepting } from "./rates.js";
import { ascending, type Scores } from "./scores.js";

/** What TMR is told at, as papers do: "TAR at FAR". */
const toldRates = [1e-2, 1e-3, 1e-4] as const;

/** TMR = 1 - FNMR (ISO/IEC 19795-1; "TAR" in papers) at the threshold that holds an FMR ("FAR"). */
export interface TrueMatchRate {
  /** The FMR that was asked for; `rates` has the one reached, which is at most this. */
  readonly falseMatchRate: number;
  readonly trueMatchRate: number;
  readonly interval: Interval;
  readonly rates: RatesAtThreshold;
}

/** A rate that was left out, because too few impostor pairs were compared. */
export interface UnsupportedRate {
  readonly falseMatchRate: number;
  readonly impostorPairs: number;
  readonly impostorPairsNeeded: number;
}

/** The listed pairs, decided at a given threshold. */
export interface DecidedPairs extends Accuracy {
  readonly interval: Interval;
  readonly rates: RatesAtThreshold;
}

export interface PairsEvaluation {
  readonly pairs: number;
  readonly genuinePairs: number;
  readonly impostorPairs: number;
  /** Of which a photo could not be enrolled. Accuracy counts them as decided "two people"; the rates leave them out. */
  readonly notCompared: number;
  /** By LFW's protocol, where there are at least two folds. */
  readonly folds?: FoldsAccuracy;
  /** At the threshold that was given, where one was. */
  readonly atThreshold?: DecidedPairs;
  /** At the threshold that is best on these very pairs: an upper bound that no new photos need reach. */
  readonly atBest: Accuracy;
  readonly equalErrorRate: EqualErrorRate;
  readonly trueMatchRates: readonly TrueMatchRate[];
  readonly unsupported: readonly UnsupportedRate[];
}

export interface EvaluatePairsOptions {
  /** Also decide at this threshold. */
  readonly threshold?: number;
  /** Take the error rates from these scores, for example of all pairs of the photos, and not from the listed pairs. */
  readonly scores?: Scores;
}

/** The listed pairs with their cosines. */
export function scorePairs(pairs: readonly Pair[], templates: ReadonlyMap<string, Float32Array>): ScoredPair[] {
  return pairs.map((pair) => {
    const [a, b] = [templates.get(pair.a), templates.get(pair.b)];
    return a === undefined || b === undefined ? pair : { ...pair, similarity: dot(a, b) };
  });
}

export function scoresOf(pairs: readonly ScoredPair[]): Scores {
  const of = (kind: boolean): Float64Array =>
    ascending(pairs.flatMap(({ same, similarity }) => (same === kind && similarity !== undefined ? [similarity] : [])));
  return { genuine: of(true), impostor: of(false) };
}

/** Throws `invalid-argument` unless pairs of both kinds could be compared. */
export function evaluatePairs(
  folds: readonly (readonly ScoredPair[])[],
  { threshold, scores }: EvaluatePairsOptions = {},
): PairsEvaluation {
  const pairs = folds.flat();
  const listed = scoresOf(pairs);
  const { genuine, impostor } = scores ?? listed;
  wantBothKinds(listed);
  wantBothKinds({ genuine, impostor });
  const supported = toldRates.filter((rate) => supportsRate(rate, impostor.length));
  return {
    pairs: pairs.length,
    genuinePairs: genuine.length,
    impostorPairs: impostor.length,
    notCompared: pairs.length - listed.genuine.length - listed.impostor.length,
    ...(folds.length < 2 ? {} : { folds: accuracyOverFolds(folds) }),
    ...(threshold === undefined ? {} : { atThreshold: decidedAt(pairs, listed, threshold) }),
    atBest: bestAccuracy(pairs),
    equalErrorRate: equalErrorRate({ genuine, impostor }),
    trueMatchRates: supported.map((rate) => trueMatchRateAt({ genuine, impostor }, rate)),
    unsupported: toldRates
      .filter((rate) => !supportsRate(rate, impostor.length))
      .map((falseMatchRate) => ({
        falseMatchRate,
        impostorPairs: impostor.length,
        impostorPairsNeeded: trialsNeeded(falseMatchRate),
      })),
  };
}

function wantBothKinds({ genuine, impostor }: Scores): void {
  if (genuine.length > 0 && impostor.length > 0) return;
  throw new FaceKitError(
    "invalid-argument",
    `Error rates want pairs of one person and of two; ${genuine.length} and ${impostor.length} could be compared.`,
  );
}

function decidedAt(pairs: readonly ScoredPair[], listed: Scores, threshold: number): DecidedPairs {
  const { accuracy } = accuracyAt(pairs, threshold);
  const interval = rateInterval(Math.round(accuracy * pairs.length), pairs.length);
  return { accuracy, threshold, interval, rates: ratesAt(listed, threshold) };
}

function trueMatchRateAt(scores: Scores, falseMatchRate: number): TrueMatchRate {
  const rates = ratesAt(scores, thresholdAccepting(falseMatchRate, scores.impostor));
  const { low, high } = rates.falseNonMatchRateInterval;
  return {
    falseMatchRate,
    trueMatchRate: 1 - rates.falseNonMatchRate,
    interval: { low: 1 - high, high: 1 - low },
    rates,
  };
}
