/**
 * From a photo to members: `npm run bench -- pipeline [--json] [--rounds 3] [--quick] [--photos DIR] [--models DIR]`.
 * Every contender runs in a fresh process, in turn, in reversed order every other round. Raw rounds go to
 * benchmarks/results, but not those of --quick, which is one short round. With --json the last line of stdout is one
 * object. Photos and weights are looked for in FACEKIT_FACES and FACEKIT_MODELS, then in ../shared; without photos
 * people are drawn.
 */
import { parseArgs } from "node:util";
import { inFreshProcess, inTurn } from "../fresh-process.js";
import { thisMachine } from "../machine.js";
import { findPhotos, modelsDirectory } from "../photos.js";
import { resultsKeeper } from "../results.js";
import { isSkipped } from "../skipped.js";
import { contenders } from "./contenders.js";
import type { FolderRuns, FolderTask } from "./folder.js";
import type { Measured, Task } from "./measure.js";
import { peers } from "./peers.js";
import { type FolderRound, folderSummary, type PipelineRound, pipelineSummary, pipelineTable } from "./summary.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
    photos: { type: "string" },
    models: { type: "string" },
  },
});

const machine = thisMachine();
const keep = resultsKeeper("pipeline");
const photos = await findPhotos(values.photos);
const weights = { modelsDirectory: modelsDirectory(values.models) };
if (photos.source === "drawn") {
  process.stderr.write("No photos here, so people are drawn: --photos DIR, laid out as benchmarks/README.md says\n");
}
const msPerSet = values.quick ? 200 : 1000;
const folderMs = values.quick ? 500 : 3000;
const packs = weights.modelsDirectory === undefined ? ["bundled"] : ["yunet+retail-0095", "bundled"];

const pipelineRounds: PipelineRound[] = [];
const folderRounds: FolderRound[] = [];
for (let round = 0; round < (values.quick ? 1 : Number(values.rounds)); round++) {
  for (const contender of inTurn([...Object.keys(contenders), ...Object.keys(peers)], round)) {
    const task: Task = { contender, photos, ...weights, msPerSet };
    const measured = await inFreshProcess<Measured>(new URL("measure.ts", import.meta.url), task);
    pipelineRounds.push({ round, contender, measured });
    tell(round, contender, measured);
  }
  const folders = packs.flatMap((pack) => [...new Set([1, machine.cores])].map((workers) => ({ pack, workers })));
  for (const { pack, workers } of inTurn(folders, round)) {
    const task: FolderTask = { pack, workers, photos, ...weights, ms: folderMs };
    const measured = await inFreshProcess<FolderRuns>(new URL("folder.ts", import.meta.url), task);
    folderRounds.push({ round, contender: `facekit ${pack}`, workers, measured });
    tell(round, `a folder, facekit ${pack}, ${workers} workers`, measured);
  }
  // After each round, so that a run that is broken off leaves what it has.
  if (!values.quick) {
    await keep({ photos: photos.source, ...summaries(), rounds: { pipeline: pipelineRounds, folder: folderRounds } });
  }
}

const { pipeline, folder } = summaries();
process.stdout.write(`${pipelineTable(machine, pipeline, folder)}\n`);
if (values.json) process.stdout.write(`${JSON.stringify({ pipeline, folder })}\n`);

function summaries() {
  return { pipeline: pipelineSummary(pipelineRounds), folder: folderSummary(folderRounds) };
}

function tell(round: number, what: string, measured: object): void {
  const outcome = isSkipped(measured) ? `skipped: ${measured.skipped}` : "done";
  process.stderr.write(`round ${round + 1}, ${what}: ${outcome}\n`);
}
