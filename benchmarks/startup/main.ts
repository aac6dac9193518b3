/**
 * From the start of a process to its first answer: `npm run bench -- startup [--json] [--rounds 10] [--quick]
 * [--photos DIR] [--models DIR]`. Contenders in turn, in reversed order every other round; a first round, which finds no
 * file in the system's cache, is not counted. Raw rounds go to benchmarks/results, but not those of --quick. With --json
 * the last line of stdout is one object.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { inFreshProcess, inTurn } from "../fresh-process.js";
import { thisMachine } from "../machine.js";
import { findPhotos, modelsDirectory } from "../photos.js";
import { contenders } from "../pipeline/contenders.js";
import { resultsKeeper } from "../results.js";
import { isSkipped } from "../skipped.js";
import type { FirstAnswer, FirstAnswerTask } from "./first-answer.js";
import { type StartupRound, startupSummary, startupTable } from "./summary.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "10" },
    quick: { type: "boolean", default: false },
    photos: { type: "string" },
    models: { type: "string" },
  },
});

const machine = thisMachine();
const keep = resultsKeeper("startup");
const { sets } = await findPhotos(values.photos);
const photo = sets[0]?.photos[0] ?? "";
const weights = { modelsDirectory: modelsDirectory(values.models) };

// Beside node_modules, where the packages that it imports are looked for.
const folder = new URL("../.tmp/startup/", import.meta.url);
await build({
  entryPoints: [fileURLToPath(new URL("first-answer.ts", import.meta.url))],
  outdir: fileURLToPath(folder),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  packages: "external",
  platform: "node",
  format: "esm",
  logLevel: "warning",
});
const script = new URL("first-answer.mjs", folder);

const rounds: StartupRound[] = [];
for (let round = -1; round < (values.quick ? 1 : Number(values.rounds)); round++) {
  for (const contender of inTurn(Object.keys(contenders), round)) {
    const task: FirstAnswerTask = { contender, photo, ...weights };
    const measured = await inFreshProcess<FirstAnswer>(script, task, { typescript: false });
    if (round < 0) continue;
    rounds.push({ round, contender, measured });
    const outcome = isSkipped(measured) ? `skipped: ${measured.skipped}` : "done";
    process.stderr.write(`round ${round + 1}, ${contender}: ${outcome}\n`);
  }
}
const startup = startupSummary(rounds);
if (!values.quick) await keep({ startup, rounds });
process.stdout.write(`${startupTable(machine, startup)}\n`);
if (values.json) process.stdout.write(`${JSON.stringify({ startup })}\n`);
