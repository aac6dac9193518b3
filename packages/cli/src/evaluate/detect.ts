import { dirname, join } from "node:path";
import { mapConcurrently } from "@facekit/core";
import { evaluateDetection, matchNoses, parseAnnotations } from "@facekit/evaluate";
import { decodeImage } from "@facekit/node";
import { type GlobalOptions, openPack } from "../options.js";
import { readText } from "../photos.js";
import type { Answer, Shell } from "../shell.js";
import { table } from "../text.js";
import { type Figure, figures, percentWithin } from "./figures.js";
import { writeDetectionReport } from "./report.js";

export interface EvaluateDetectOptions extends GlobalOptions {
  readonly annotations: string;
  readonly photos?: string;
  readonly report?: string;
  readonly embedPhotos?: boolean;
}

export async function evaluateDetect(shell: Shell, options: EvaluateDetectOptions): Promise<Answer> {
  const annotated = parseAnnotations(await readText(shell, options.annotations));
  const directory =
    options.photos === undefined ? dirname(shell.path(options.annotations)) : shell.path(options.photos);
  await using pack = await openPack(shell, options);
  const started = performance.now();
  const detected = await shell.progress((report) => {
    let done = 0;
    const tell = (): void => report({ task: "detecting", done, total: annotated.length });
    tell();
    return mapConcurrently(annotated, pack.detector.concurrency ?? 1, async ({ photo, noses }) => {
      const faces = await pack.detector.detect(await decodeImage(join(directory, photo)));
      done++;
      tell();
      const boxes = faces.map(({ box }) => box);
      return { noses, faces, matched: matchNoses(photo, noses, boxes) };
    });
  });
  const ms = performance.now() - started;
  const result = evaluateDetection(detected.map(({ matched }) => matched));
  const faults = result.byPhoto.filter(({ missed, tooMany }) => missed + tooMany > 0);
  const rows = faults.map(({ photo, missed, tooMany }) => [photo, String(missed), String(tooMany)]);
  const summary: Figure[] = [
    ["photos", String(result.photos)],
    [
      "faces found",
      `${result.found} of ${result.annotated}`,
      percentWithin(result.recall.rate, result.recall.interval),
    ],
    ["missed", String(result.missed)],
    ["too many", String(result.tooMany)],
    ["time", `${(ms / result.photos).toFixed(1)} ms per photo`],
  ];
  if (options.report !== undefined) {
    await writeDetectionReport(shell.path(options.report), {
      title: `${options.annotations}: ${options.models}`,
      figures: summary,
      detected,
      faults,
      embed: options.embedPhotos === true,
      pathOf: (photo) => join(directory, photo),
    });
  }
  return {
    json: { ...result, msPerPhoto: ms / result.photos },
    text:
      rows.length === 0
        ? figures(summary)
        : `${figures(summary)}\n\n${table([["photo", "missed", "too many"], ...rows])}`,
  };
}
