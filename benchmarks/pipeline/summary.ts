import type { Machine } from "../machine.js";
import { rounded } from "../results.js";
import { isSkipped, type Skipped } from "../skipped.js";
import { median } from "../statistics.js";
import type { FolderRuns } from "./folder.js";
import type { Measured, SetRuns } from "./measure.js";

export interface PipelineRound {
  readonly round: number;
  readonly contender: string;
  readonly measured: Measured | Skipped;
}

export interface FolderRound {
  readonly round: number;
  readonly contender: string;
  readonly workers: number;
  readonly measured: FolderRuns | Skipped;
}

/** One contender on one set of photos. Milliseconds are means over the set: the median of all passes of all rounds. */
export interface PipelineFigures {
  readonly contender: string;
  readonly photos: SetRuns["name"];
  readonly threads: number;
  readonly msPerPhoto: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** In all photos of the set together. */
  readonly faces: number;
  readonly members: number;
  /** How many times as fast as face-api on its WASM backend, by the medians. */
  readonly ratioToFaceApi: number | null;
  readonly decodeMs?: number;
  readonly inferenceMs?: number;
  /** Whole time over decoding plus the bare nets, each pass by itself, and of these the median. */
  readonly overBareInference?: number;
}

/** A folder of photos, many at once. */
export interface FolderFigures {
  readonly contender: string;
  readonly workers: number;
  readonly photosPerSecond: number;
  readonly minPerSecond: number;
  readonly maxPerSecond: number;
  readonly coresBusy: number;
  readonly ratioToOneWorker: number | null;
}

type SkippedContender = Skipped & { readonly contender: string };

const faceApi = "face-api wasm";

export function pipelineSummary(rounds: readonly PipelineRound[]): (PipelineFigures | SkippedContender)[] {
  const contenders = [...new Set(rounds.map(({ contender }) => contender))];
  const sets = [...new Set(rounds.flatMap(({ measured }) => setsOf(measured)).map(({ name }) => name))];
  const figures = sets.flatMap((photos) => {
    const faceApiMs = median(runsOf(rounds, faceApi, photos).flatMap(({ msPerPhoto }) => msPerPhoto));
    return contenders.flatMap((contender): PipelineFigures[] => {
      const runs = runsOf(rounds, contender, photos);
      const [first] = runs;
      if (first === undefined) return [];
      const times = runs.flatMap(({ msPerPhoto }) => msPerPhoto);
      const ms = median(times);
      const decode = runs.flatMap(({ decodeMs = [] }) => decodeMs);
      const inference = runs.flatMap(({ inferenceMs = [] }) => inferenceMs);
      const over = times.map((whole, pass) => whole / ((decode[pass] ?? 0) + (inference[pass] ?? 0)));
      return [
        {
          contender,
          photos,
          threads: threadsOf(rounds, contender),
          msPerPhoto: rounded(ms),
          minMs: rounded(Math.min(...times)),
          maxMs: rounded(Math.max(...times)),
          faces: first.faces,
          members: first.members,
          ratioToFaceApi: Number.isNaN(faceApiMs) ? null : rounded(faceApiMs / ms),
          ...(inference.length === 0
            ? {}
            : {
                decodeMs: rounded(median(decode)),
                inferenceMs: rounded(median(inference)),
                overBareInference: rounded(median(over)),
              }),
        },
      ];
    });
  });
  return [...figures, ...skippedOf(rounds)];
}

export function folderSummary(rounds: readonly FolderRound[]): (FolderFigures | SkippedContender)[] {
  const keys = [...new Map(rounds.map((round) => [`${round.contender} ${round.workers}`, round])).values()];
  return keys.flatMap(({ contender, workers }): (FolderFigures | SkippedContender)[] => {
    const of = (wanted: number) => rounds.filter((round) => round.contender === contender && round.workers === wanted);
    const runs = of(workers).flatMap(({ measured }) => (isSkipped(measured) ? [] : [measured]));
    if (runs.length === 0) {
      const why = skippedOf(of(workers)).map(({ skipped }) => skipped);
      return [{ contender: `${contender}, ${workers} workers`, skipped: why[0] ?? "" }];
    }
    const speeds = runs.flatMap(({ photosPerSecond }) => photosPerSecond);
    const alone = of(1).flatMap(({ measured }) => (isSkipped(measured) ? [] : measured.photosPerSecond));
    return [
      {
        contender,
        workers,
        photosPerSecond: rounded(median(speeds)),
        minPerSecond: rounded(Math.min(...speeds)),
        maxPerSecond: rounded(Math.max(...speeds)),
        coresBusy: rounded(median(runs.flatMap(({ coresBusy }) => coresBusy))),
        ratioToOneWorker: alone.length === 0 ? null : rounded(median(speeds) / median(alone)),
      },
    ];
  });
}

export function pipelineTable(
  { processor, cores, node }: Machine,
  figures: readonly (PipelineFigures | SkippedContender)[],
  folder: readonly (FolderFigures | SkippedContender)[],
): string {
  const lines = [`${processor}, ${cores} cores, Node ${node}; milliseconds a photo: median (min–max)`];
  for (const each of figures) {
    if (isSkipped(each)) lines.push(`${each.contender}: skipped: ${each.skipped}`);
    else {
      const { photos, contender, msPerPhoto, minMs, maxMs, ratioToFaceApi, overBareInference, faces } = each;
      const over = overBareInference === undefined ? "" : `, ${overBareInference} × decode and bare nets`;
      lines.push(
        `${photos}  ${contender}: ${msPerPhoto} (${minMs}–${maxMs}), ${ratioToFaceApi ?? "?"} × face-api${over}, ${faces} faces`,
      );
    }
  }
  for (const each of folder) {
    if (isSkipped(each)) lines.push(`folder  ${each.contender}: skipped: ${each.skipped}`);
    else {
      const { contender, workers, photosPerSecond, coresBusy, ratioToOneWorker } = each;
      lines.push(
        `folder  ${contender}, ${workers} workers: ${photosPerSecond} photos/s, ${ratioToOneWorker ?? "?"} × one worker, ${coresBusy} cores busy`,
      );
    }
  }
  return lines.join("\n");
}

function setsOf(measured: Measured | Skipped): readonly SetRuns[] {
  return isSkipped(measured) ? [] : measured.sets;
}

function runsOf(rounds: readonly PipelineRound[], contender: string, photos: string): SetRuns[] {
  return rounds
    .filter((round) => round.contender === contender)
    .flatMap(({ measured }) => setsOf(measured))
    .filter(({ name }) => name === photos);
}

function threadsOf(rounds: readonly PipelineRound[], wanted: string): number {
  const found = rounds.find(({ contender, measured }) => contender === wanted && !isSkipped(measured));
  return found === undefined || isSkipped(found.measured) ? Number.NaN : found.measured.threads;
}

/** Those who were measured in no round, with the reason of the first. */
function skippedOf(
  rounds: readonly { readonly contender: string; readonly measured: object | Skipped }[],
): SkippedContender[] {
  const measured = new Set(rounds.filter((round) => !isSkipped(round.measured)).map(({ contender }) => contender));
  const skipped = new Map<string, SkippedContender>();
  for (const { contender, measured: outcome } of rounds) {
    if (measured.has(contender) || skipped.has(contender) || !isSkipped(outcome)) continue;
    skipped.set(contender, { contender, skipped: outcome.skipped });
  }
  return [...skipped.values()];
}
