import { dirname, join } from "node:path";
import { mapConcurrently } from "@facekit/core";
import { evaluateDetection, matchNoses, parseAnnotations } from "@facekit/evaluate";
import { decodeImage } from "@facekit/node";
import { type GlobalOptions, openPack } from "../options.js";
import { readText } from "../photos.js";
import type { Answer, Shell } from "../shell.js";
import { table } from "../text.js";
import { figures, percentWithin } from "./figures.js";

export interface EvaluateDetectOptions extends GlobalOptions {
  readonly annotations: string;
  readonly photos?: string;
}

export async function evaluateDetect(shell: Shell, options: EvaluateDetectOptions): Promise<Answer> {
  const annotated = parseAnnotations(await readText(shell, options.annotations));
  const directory =
    options.photos === undefined ? dirname(shell.path(options.annotations)) : shell.path(options.photos);
  await using pack = await openPack(shell, options);
  const started = performance.now();
  const byPhoto = await shell.progress((report) => {
    let done = 0;
    const tell = (): void => report({ task: "detecting", done, total: annotated.length });
    tell();
    return mapConcurrently(annotated, pack.detector.concurrency ?? 1, async ({ photo, noses }) => {
      const faces = await pack.detector.detect(await decodeImage(join(directory, photo)));
      done++;
      tell();
      return matchNoses(
        photo,
        noses,
        faces.map(({ box }) => box),
      );
    });
  });
  const ms = performance.now() - started;
  const result = evaluateDetection(byPhoto);
  const faults = result.byPhoto.filter(({ missed, tooMany }) => missed + tooMany > 0);
  const rows = faults.map(({ photo, missed, tooMany }) => [photo, String(missed), String(tooMany)]);
  const summary = figures([
    ["photos", String(result.photos)],
    [
      "faces found",
      `${result.found} of ${result.annotated}`,
      percentWithin(result.recall.rate, result.recall.interval),
    ],
    ["missed", String(result.missed)],
    ["too many", String(result.tooMany)],
    ["time", `${(ms / result.photos).toFixed(1)} ms per photo`],
  ]);
  return {
    json: { ...result, msPerPhoto: ms / result.photos },
    text: rows.length === 0 ? summary : `${summary}\n\n${table([["photo", "missed", "too many"], ...rows])}`,
  };
}
