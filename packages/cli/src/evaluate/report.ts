import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Box } from "@facekit/core";
import {
  type DetectedPhoto,
  detectionCurve,
  identificationScores,
  type PhotoDetection,
  type Scores,
  type Search,
  type WorstPair,
  type WorstPairs,
} from "@facekit/evaluate";
import type { ReportCase, ReportPhoto, ReportSection } from "@facekit/evaluate/report";
import sharp from "sharp";
import type { Figure } from "./figures.js";

/** What becomes of a photo's name in the report. */
type PhotoOf = (photo: string) => Promise<ReportPhoto>;

const thumbnailSide = 200;
const casesOfEachKind = 12;

/** The photo's name alone, or with a small copy of the photo where it may be embedded. */
export function reportPhotos(embed: boolean, pathOf: (photo: string) => string): PhotoOf {
  return async (photo) => {
    const name = `${basename(dirname(photo))}/${basename(photo)}`.replace(/^\.\//, "");
    if (!embed) return { name };
    const thumbnail = sharp(pathOf(photo), { autoOrient: true }).flatten({ background: "white" });
    const jpeg = await thumbnail
      .resize(thumbnailSide, thumbnailSide, { fit: "inside" })
      .jpeg({ quality: 75 })
      .toBuffer();
    return { name, image: `data:image/jpeg;base64,${jpeg.toString("base64")}` };
  };
}

interface PairsReport {
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly scores: Scores;
  readonly worst: WorstPairs;
  readonly threshold?: number;
  /** For a model card, where it was made. */
  readonly calibration?: string;
  readonly photoOf: PhotoOf;
}

export async function writePairsReport(file: string, report: PairsReport): Promise<void> {
  const { title, figures, scores, worst, threshold, calibration, photoOf } = report;
  const { detPlot, histogramPlot } = await import("@facekit/evaluate/report");
  const at = threshold === undefined ? {} : { threshold };
  const casesOf = (pairs: readonly WorstPair[]): Promise<ReportCase[]> =>
    Promise.all(
      pairs.map(async ({ a, b, similarity }) => ({
        text: `similarity ${similarity.toFixed(4)}`,
        photos: [await photoOf(a), await photoOf(b)],
      })),
    );
  const names = { genuine: "one person", impostor: "two people" };
  await write(file, title, figures, [
    {
      title: "Similarities",
      text: "Pairs of photos of one person and of two. Where the two overlap, any threshold errs.",
      plot: histogramPlot({ scores, names, ...at }),
    },
    detSection(
      detPlot({
        scores,
        falsePositives: "false match rate (FMR)",
        falseNegatives: "false non-match rate (FNMR)",
        ...at,
      }),
    ),
    {
      title: "Two people, most alike",
      text: "Look for wrong labels first: the same person under two names.",
      cases: await casesOf(worst.impostor),
    },
    {
      title: "One person, least alike",
      text: "Look for wrong labels, and for the face that was not meant.",
      cases: await casesOf(worst.genuine),
    },
    ...(calibration === undefined ? [] : [{ title: "Calibration", text: "For a model card.", code: calibration }]),
  ]);
}

interface IdentificationReport {
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly searches: readonly Search[];
  /** A photo to show a member by. */
  readonly memberPhoto: (memberId: string) => string | undefined;
  readonly threshold?: number;
  readonly photoOf: PhotoOf;
}

export async function writeIdentificationReport(file: string, report: IdentificationReport): Promise<void> {
  const { title, figures, searches, memberPhoto, threshold, photoOf } = report;
  const { detPlot, histogramPlot } = await import("@facekit/evaluate/report");
  const at = threshold === undefined ? {} : { threshold };
  const scores = identificationScores(searches);
  const answered = searches.flatMap(({ best, ...search }) => (best === undefined ? [] : [{ ...search, best }]));
  type Answered = (typeof answered)[number];
  const casesOf = (worst: readonly Answered[]): Promise<ReportCase[]> =>
    Promise.all(
      worst.slice(0, casesOfEachKind).map(async ({ photo, person, mateSimilarity, best }) => {
        const nearest = memberPhoto(best.memberId);
        const own = mateSimilarity === undefined ? "" : `, own ${mateSimilarity.toFixed(4)}`;
        return {
          text: `${person}: nearest is ${best.memberId} with ${best.similarity.toFixed(4)}${own}`,
          photos: [await photoOf(photo), ...(nearest === undefined ? [] : [await photoOf(nearest)])],
        };
      }),
    );
  const strangers = answered.filter(({ mated }) => !mated).sort((a, b) => b.best.similarity - a.best.similarity);
  const members = answered.filter(({ mated }) => mated);
  const lead = ({ mateSimilarity = -1, best, person }: Answered): number =>
    mateSimilarity - (best.memberId === person ? 0 : 2);
  const names = { genuine: "members, named rightly", impostor: "strangers, the nearest member" };
  await write(file, title, figures, [
    {
      title: "Similarities",
      text: "Of each search, the similarity of the member that is nearest. Searches that find another member are not drawn.",
      plot: histogramPlot({ scores, names, ...at }),
    },
    detSection(
      detPlot({
        scores,
        falsePositives: "strangers named (FPIR)",
        falseNegatives: "members not named (FNIR)",
        ...at,
      }),
    ),
    {
      title: "Strangers, most alike to a member",
      text: "Left the probe, right the member.",
      cases: await casesOf(strangers),
    },
    {
      title: "Members, least like themselves",
      text: "Those for whom another member is nearer come first. Left the probe, right the nearest member.",
      cases: await casesOf(members.sort((a, b) => lead(a) - lead(b))),
    },
  ]);
}

interface DetectionReport {
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly detected: readonly DetectedPhoto[];
  readonly faults: readonly PhotoDetection[];
  readonly embed: boolean;
  readonly pathOf: (photo: string) => string;
}

export async function writeDetectionReport(file: string, report: DetectionReport): Promise<void> {
  const { title, figures, detected, faults, embed, pathOf } = report;
  const { detectionPlot } = await import("@facekit/evaluate/report");
  const curve = detectionCurve(detected);
  const missed: ReportCase[] = [];
  const tooMany: ReportCase[] = [];
  for (const { photo, missedNoses, boxesTooMany } of faults) {
    const partOf = async (box: Box): Promise<ReportPhoto> =>
      embed ? { name: photo, image: await cutOut(pathOf(photo), box) } : { name: photo };
    for (const nose of missedNoses) {
      const text = `nose at ${Math.round(nose.x)}, ${Math.round(nose.y)}`;
      missed.push({ text, photos: [await partOf({ ...nose, width: 0, height: 0 })] });
    }
    for (const box of boxesTooMany) {
      const [x, y, width, height] = [box.x, box.y, box.width, box.height].map(Math.round);
      tooMany.push({ text: `box at ${x}, ${y} of ${width} × ${height}`, photos: [await partOf(box)] });
    }
  }
  await write(file, title, figures, [
    ...(curve.length === 0
      ? []
      : [
          {
            title: "Precision and recall",
            text: "If only boxes of at least a score were kept: which share of them holds a face, and which share of the faces is found.",
            plot: detectionPlot(curve),
          },
        ]),
    { title: "Missed faces", text: casesText(missed, "Every annotated face was found."), cases: missed },
    {
      title: "Boxes without a face of their own",
      text: casesText(tooMany, "Every box holds a face.", "Look for faces that nobody annotated first."),
      cases: tooMany,
    },
  ]);
}

function casesText(cases: readonly ReportCase[], none: string, some = ""): string {
  return cases.length === 0 ? none : `${cases.length} in all. ${some}`.trim();
}

/** The least part of a photo's shorter side that a cut-out shows, so that one sees where it is. */
const leastCutOut = 0.3;

/** A square around a box, or around a point, which is marked. */
async function cutOut(path: string, { x, y, width, height }: Box): Promise<string> {
  const upright = await sharp(path, { autoOrient: true })
    .flatten({ background: "white" })
    .toBuffer({ resolveWithObject: true });
  const shorter = Math.min(upright.info.width, upright.info.height);
  const side = Math.round(Math.min(shorter, Math.max(leastCutOut * shorter, 2.5 * width, 2.5 * height)));
  const start = (middle: number, length: number): number =>
    Math.round(Math.min(Math.max(0, middle - side / 2), length - side));
  const left = start(x + width / 2, upright.info.width);
  const top = start(y + height / 2, upright.info.height);
  const scale = thumbnailSide / side;
  const at = (value: number): string => (value * scale).toFixed(1);
  const mark =
    width > 0
      ? `<rect x="${at(x - left)}" y="${at(y - top)}" width="${at(width)}" height="${at(height)}"/>`
      : `<circle cx="${at(x - left)}" cy="${at(y - top)}" r="10"/>`;
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${thumbnailSide}" height="${thumbnailSide}">
    <g fill="none" stroke="#fff" stroke-width="4">${mark}</g><g fill="none" stroke="#d1495b" stroke-width="2">${mark}</g></svg>`;
  const jpeg = await sharp(upright.data)
    .extract({ left, top, width: side, height: side })
    .resize(thumbnailSide, thumbnailSide)
    .composite([{ input: Buffer.from(drawing) }])
    .jpeg({ quality: 75 })
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString("base64")}`;
}

function detSection(plot: string): ReportSection {
  return {
    title: "Error trade-off (DET)",
    text:
      "Each point of the line is a threshold; lower and more to the left is better. Grey: fewer than three errors, " +
      "which this many pairs cannot tell from none (the rule of 3). Dashed: where both rates are equal. " +
      "The dot is the threshold in use, and left out where it made no error of one kind. " +
      "No line: a threshold separates all of these without an error.",
    plot,
  };
}

async function write(
  file: string,
  title: string,
  figures: readonly Figure[],
  sections: readonly ReportSection[],
): Promise<void> {
  const { reportHtml } = await import("@facekit/evaluate/report");
  const text = "Made by facekit evaluate. Terms and formulas after ISO/IEC 19795-1; intervals in brackets are of 95 %.";
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, reportHtml({ title, text, figures, sections }));
}
