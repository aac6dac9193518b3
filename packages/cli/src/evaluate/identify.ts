import { FaceKitError, searchTerms, type Threshold } from "@facekit/core";
import {
  comparisonCount,
  type EnrolledPhotos,
  enrolPhotos,
  evaluateIdentification,
  type FaceChoice,
  type IdentificationEvaluation,
  type IdentificationRates,
  type Probe,
  searchAll,
} from "@facekit/evaluate";
import { decodeImage } from "@facekit/node";
import { type GlobalOptions, openPack, thresholdOf } from "../options.js";
import { readMembers } from "../photos.js";
import type { Answer, Shell } from "../shell.js";
import { count } from "../text.js";
import { type Figure, figures, percentWithin } from "./figures.js";
import { reportPhotos, writeIdentificationReport } from "./report.js";

export interface EvaluateIdentifyOptions extends GlobalOptions {
  readonly gallery: string;
  readonly probes: string;
  readonly face?: FaceChoice;
  readonly report?: string;
  readonly embedPhotos?: boolean;
}

type People = ReadonlyMap<string, readonly string[]>;

export async function evaluateIdentify(shell: Shell, options: EvaluateIdentifyOptions): Promise<Answer> {
  const members = await readMembers(shell, options.gallery);
  const people = await readMembers(shell, options.probes);
  refuseShared(members, people);
  await using pack = await openPack(shell, options);
  const enrolled = await shell.progress((onProgress) =>
    enrolPhotos({ ...pack, decode: decodeImage }, [...members.values(), ...people.values()].flat(), {
      choose: options.face ?? "largest",
      onProgress,
    }),
  );
  const gallery = new Map([...members].map(([member, photos]) => [member, templatesOf(enrolled, photos)]));
  const comparisons = comparisonCount(gallery);
  const threshold = thresholdOf(options, pack.embedder, comparisons);
  const searches = searchAll(gallery, probesOf(enrolled, people));
  const evaluation = evaluateIdentification(gallery, searches, threshold?.value);
  const expected = threshold === undefined ? undefined : searchTerms(threshold, comparisons).expectedFalsePositiveRate;
  const json = {
    ...evaluation,
    threshold: threshold ?? null,
    expectedFalsePositiveRate: expected ?? null,
    failures: enrolled.failures,
    msPerPhoto: enrolled.msPerPhoto,
  };
  const lines = figuresOf(evaluation, threshold, expected, enrolled);
  if (options.report !== undefined) {
    await writeIdentificationReport(shell.path(options.report), {
      title: `${options.probes} in ${options.gallery}: ${options.models}`,
      figures: lines,
      searches,
      memberPhoto: (memberId) => members.get(memberId)?.find((photo) => enrolled.templates.has(photo)),
      ...(threshold === undefined ? {} : { threshold: threshold.value }),
      photoOf: reportPhotos(options.embedPhotos === true, (photo) => photo),
    });
  }
  return { json, text: figures(lines) };
}

/** A photo that is enrolled and searched finds itself, which measures nothing. */
function refuseShared(members: People, people: People): void {
  const enrolled = new Set([...members.values()].flat());
  const shared = [...people.values()].flat().find((photo) => enrolled.has(photo));
  if (shared === undefined) return;
  throw new FaceKitError(
    "invalid-argument",
    `${shared} is in the gallery and a probe. Split the photos between the two.`,
  );
}

function templatesOf({ templates }: EnrolledPhotos, photos: readonly string[]): Float32Array[] {
  return photos.flatMap((photo) => templates.get(photo) ?? []);
}

function probesOf({ templates }: EnrolledPhotos, people: People): Probe[] {
  return [...people].flatMap(([person, photos]) =>
    photos.map((photo) => {
      const template = templates.get(photo);
      return { photo, person, ...(template === undefined ? {} : { template }) };
    }),
  );
}

function figuresOf(
  {
    members,
    templates,
    comparisons,
    matedSearches,
    nonMatedSearches,
    rankOne,
    atThreshold,
    rates,
  }: IdentificationEvaluation,
  threshold: Threshold | undefined,
  expected: number | undefined,
  enrolled: EnrolledPhotos,
): Figure[] {
  const lowest = rates.at(-1);
  return [
    [
      "gallery",
      `${count(members, "member")}, ${count(templates, "template")}, ${count(comparisons, "comparison")} a search`,
    ],
    ["searches", `${matedSearches} of members, ${nonMatedSearches} of strangers`],
    ["failures to enrol", String(enrolled.failures.length)],
    ["rank 1", percentWithin(rankOne.rate, rankOne.interval), "the right member is the nearest, at any similarity"],
    ...(atThreshold === undefined ? [] : ratesFigures(atThreshold, `threshold by ${threshold?.source ?? "caller"}`)),
    ...(expected === undefined ? [] : [expectedFigure(expected, threshold)]),
    ...rates.flatMap((at) => ratesFigures(at, "chosen on these strangers")),
    ...(lowest === undefined ? [noRates(nonMatedSearches)] : []),
    ["time", `${enrolled.msPerPhoto.toFixed(1)} ms per photo`],
  ];
}

function ratesFigures(at: IdentificationRates, note: string): Figure[] {
  const threshold = at.threshold.toFixed(4);
  return [
    [`FPIR at ${threshold}`, percentWithin(at.falsePositiveRate, at.falsePositiveRateInterval), note],
    [`FNIR at ${threshold}`, percentWithin(at.falseNegativeRate, at.falseNegativeRateInterval)],
  ];
}

function expectedFigure(expected: number, threshold: Threshold | undefined): Figure {
  const from = `1 - (1 - FMR)^N from FMR ${threshold?.falseMatchRate} on ${threshold?.data}`;
  return ["FPIR expected", `${(expected * 100).toPrecision(3)} %`, from];
}

function noRates(strangers: number): Figure {
  return [
    "FPIR over thresholds",
    "not told",
    `${count(strangers, "search", "searches")} of strangers; 10 are the least`,
  ];
}
