import { dirname, join, relative, sep } from "node:path";
import type { Calibration, Threshold } from "@facekit/core";
import {
  calibrate,
  compareAll,
  type EnrolledPhotos,
  enrolPhotos,
  evaluatePairs,
  type FaceChoice,
  fewestPairsToCalibrate,
  type PairsEvaluation,
  parsePairs,
  type Scores,
  scorePairs,
  scoresOf,
  type WorstPairs,
  worstPairs,
} from "@facekit/evaluate";
import { decodeImage } from "@facekit/node";
import { type GlobalOptions, openPack, thresholdOf } from "../options.js";
import { readMembers, readText } from "../photos.js";
import type { Answer, Shell } from "../shell.js";
import { count } from "../text.js";
import { type Figure, figures, percent, percentWithin, thousands } from "./figures.js";
import { reportPhotos, writePairsReport } from "./report.js";

export interface EvaluatePairsOptions extends GlobalOptions {
  readonly photos?: string;
  readonly allImpostors?: boolean;
  readonly face?: FaceChoice;
  readonly report?: string;
  readonly embedPhotos?: boolean;
}

/** What was measured. */
interface Measured {
  readonly evaluation: PairsEvaluation;
  readonly threshold: Threshold | undefined;
  readonly enrolled: EnrolledPhotos;
  readonly scores: Scores;
  readonly worst: WorstPairs;
  /** Whether the scores are of all pairs, and not of the listed ones. */
  readonly allPairs: boolean;
  readonly calibration?: Calibration;
}

export async function evaluatePairsFile(shell: Shell, file: string, options: EvaluatePairsOptions): Promise<Answer> {
  const { format, folds } = parsePairs(await readText(shell, file));
  const directory = options.photos === undefined ? dirname(shell.path(file)) : shell.path(options.photos);
  const people = options.allImpostors ? await peopleOf(shell, directory) : undefined;
  const listed = folds.flat().flatMap(({ a, b }) => [a, b]);

  await using pack = await openPack(shell, options);
  const threshold = thresholdOf(options, pack.embedder);
  const enrolled = await shell.progress((onProgress) =>
    enrolPhotos(
      { ...pack, decode: (photo, call) => decodeImage(join(directory, String(photo)), call) },
      [...listed, ...(people?.keys() ?? [])],
      { choose: options.face ?? (format === "lfw" ? "central" : "largest"), onProgress },
    ),
  );
  const scored = folds.map((fold) => scorePairs(fold, enrolled.templates));
  const of = people === undefined ? scoresOfListed(scored.flat()) : scoresOfAll(enrolled, people);
  const evaluation = evaluatePairs(scored, {
    scores: of.scores,
    ...(threshold === undefined ? {} : { threshold: threshold.value }),
  });
  const calibration = people === undefined ? undefined : calibrate(of.scores, describe(enrolled, people));
  const measured: Measured = {
    evaluation,
    threshold,
    enrolled,
    ...of,
    allPairs: people !== undefined,
    ...(calibration === undefined ? {} : { calibration }),
  };
  if (options.report !== undefined) {
    const title = `${file}: ${options.models}`;
    await writePairsReport(shell.path(options.report), {
      title,
      figures: figuresOf(measured),
      scores: of.scores,
      worst: of.worst,
      ...(threshold === undefined ? {} : { threshold: threshold.value }),
      ...(calibration === undefined ? {} : { calibration: calibrationText(calibration) }),
      photoOf: reportPhotos(options.embedPhotos === true, (photo) => join(directory, photo)),
    });
  }
  const lines = [figures(figuresOf(measured)), ...(calibration === undefined ? [] : [calibrationText(calibration)])];
  return { json: jsonOf(measured), text: lines.join("\n\n") };
}

/** Everyone's photos below the folder, each by its path from there, and whom it shows. */
async function peopleOf(shell: Shell, directory: string): Promise<Map<string, string>> {
  const members = await readMembers(shell, directory);
  return new Map(
    [...members].flatMap(([person, photos]) =>
      photos.map((photo): [string, string] => [relative(directory, photo).split(sep).join("/"), person]),
    ),
  );
}

function scoresOfListed(pairs: Parameters<typeof scoresOf>[0]): Pick<Measured, "scores" | "worst"> {
  const worst = worstPairs();
  for (const { a, b, same, similarity } of pairs) if (similarity !== undefined) worst.offer(a, b, same, similarity);
  return { scores: scoresOf(pairs), worst: worst.found() };
}

function scoresOfAll(
  { templates }: EnrolledPhotos,
  people: ReadonlyMap<string, string>,
): Pick<Measured, "scores" | "worst"> {
  return compareAll(
    [...templates].flatMap(([photo, template]) => {
      const person = people.get(photo);
      return person === undefined ? [] : [{ photo, person, template }];
    }),
  );
}

function describe({ templates }: EnrolledPhotos, people: ReadonlyMap<string, string>): string {
  const shown = [...templates.keys()].flatMap((photo) => people.get(photo) ?? []);
  return `all pairs of different people: ${thousands(shown.length)} photos of ${thousands(new Set(shown).size)} people`;
}

/** `accuracy` is that over the folds, else that at the threshold in use, else null: never the flattering best. */
function jsonOf({ evaluation, threshold, enrolled, calibration }: Measured): object {
  const { folds, atThreshold, atBest, equalErrorRate, trueMatchRates, unsupported } = evaluation;
  const told = folds ?? atThreshold;
  return {
    pairs: evaluation.pairs,
    accuracy: told?.accuracy ?? null,
    accuracyBy: folds === undefined ? (atThreshold === undefined ? null : "threshold") : "folds",
    threshold: told?.threshold ?? null,
    failuresToEnrol: enrolled.failures.length,
    notCompared: evaluation.notCompared,
    eer: equalErrorRate.rate,
    eerThreshold: equalErrorRate.threshold,
    tar: Object.fromEntries(trueMatchRates.map((at) => [rateName(at.falseMatchRate), at.trueMatchRate])),
    rates: trueMatchRates,
    unsupported,
    genuinePairs: evaluation.genuinePairs,
    impostorPairs: evaluation.impostorPairs,
    ...(folds === undefined ? {} : { standardError: folds.standardError, folds: folds.folds }),
    ...(atThreshold === undefined ? {} : { atThreshold: { ...atThreshold, source: threshold } }),
    atBest,
    photos: enrolled.templates.size + enrolled.failures.length,
    msPerPhoto: enrolled.msPerPhoto,
    failures: enrolled.failures,
    ...(calibration === undefined ? {} : { calibration }),
  };
}

function figuresOf({ evaluation, threshold, enrolled, allPairs, calibration }: Measured): Figure[] {
  const { pairs, notCompared, folds, atThreshold, atBest, equalErrorRate, trueMatchRates, unsupported } = evaluation;
  const photos = enrolled.templates.size + enrolled.failures.length;
  return [
    ["pairs", `${thousands(pairs)} of ${count(photos, "photo")}`],
    ["failures to enrol", `${enrolled.failures.length}; ${count(notCompared, "pair")} not compared`],
    ...(folds === undefined
      ? []
      : [
          figure(
            `accuracy over ${folds.folds.length} folds`,
            `${percent(folds.accuracy)} ± ${percent(folds.standardError)}`,
            `each at the best threshold of the others, about ${folds.threshold.toFixed(4)}`,
          ),
        ]),
    ...(atThreshold === undefined
      ? []
      : [
          figure(
            `accuracy at threshold ${atThreshold.threshold.toFixed(4)}`,
            percentWithin(atThreshold.accuracy, atThreshold.interval),
            `${atThreshold.rates.falseMatches} false matches, ${atThreshold.rates.falseNonMatches} false non-matches; ` +
              `threshold by ${threshold?.source ?? "caller"}`,
          ),
        ]),
    figure(
      `accuracy at best threshold ${atBest.threshold.toFixed(4)}`,
      percent(atBest.accuracy),
      "flatters: chosen on these pairs",
    ),
    figure(
      "rates measured on",
      `${thousands(evaluation.genuinePairs)} genuine, ${thousands(evaluation.impostorPairs)} impostor pairs`,
      "intervals take them as independent; pairs that share a person are not",
    ),
    figure("equal error rate", percent(equalErrorRate.rate), `threshold ${equalErrorRate.threshold.toFixed(4)}`),
    ...trueMatchRates.map(({ falseMatchRate, trueMatchRate, interval, rates }) =>
      figure(
        `true matches at FMR ${rateName(falseMatchRate)}`,
        percentWithin(trueMatchRate, interval),
        `threshold ${rates.threshold.toFixed(6)}, ${count(rates.falseMatches, "false match", "false matches")}`,
      ),
    ),
    ...unsupported.map(({ falseMatchRate, impostorPairs, impostorPairsNeeded }) =>
      figure(
        `true matches at FMR ${rateName(falseMatchRate)}`,
        "not told",
        `wants ${thousands(impostorPairsNeeded)} impostor pairs; there are ${thousands(impostorPairs)}`,
      ),
    ),
    ["time", `${enrolled.msPerPhoto.toFixed(1)} ms per photo`],
    ...(allPairs && calibration === undefined
      ? [figure("calibration", "none", `wants ${thousands(fewestPairsToCalibrate)} impostor pairs`)]
      : []),
  ];
}

function figure(label: string, value: string, note?: string): Figure {
  return note === undefined ? [label, value] : [label, value, note];
}

/** To be pasted into a model card. */
function calibrationText(calibration: Calibration): string {
  const points = calibration.points.map((point) => `    ${JSON.stringify(point)}`);
  const { data, defaultFalseMatchRate } = calibration;
  return `{
  "data": ${JSON.stringify(data)},
  "defaultFalseMatchRate": ${defaultFalseMatchRate},
  "points": [\n${points.join(",\n")}\n  ]\n}`;
}

/** `1e-3`, as papers write it. */
function rateName(rate: number): string {
  return rate.toExponential();
}
