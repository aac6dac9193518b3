/**
 * Search speed and recall: `npm run bench -- search [--json] [--rounds 3] [--quick]`. Every contender runs in a fresh
 * process, in turn, in reversed order every other round. Raw rounds go to benchmarks/results, but not those of --quick,
 * which passes over the large galleries and so is one round. With --json the last line of stdout is one object.
 */
import { parseArgs } from "node:util";
import { inFreshProcess, inTurn } from "../fresh-process.js";
import { thisMachine } from "../machine.js";
import { resultsKeeper } from "../results.js";
import { isSkipped } from "../skipped.js";
import { contenders } from "./contenders.js";
import type { Gallery } from "./gallery.js";
import type { Measured, Task } from "./measure.js";
import { type Round, summary, table } from "./summary.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
  },
});

const small = (["uniform", "clustered"] as const).flatMap((data) =>
  [128, 512].map((dimensions): Gallery => ({ count: 10_000, dimensions, data })),
);
const large: Gallery[] = [
  { count: 100_000, dimensions: 512, data: "uniform" },
  { count: 1_000_000, dimensions: 128, data: "uniform" },
];
/** The small ones are for recall: the first round tells it. */
const galleriesOf = (round: number): Gallery[] => [...(values.quick ? [] : large), ...(round === 0 ? small : [])];
/** 1,000 in the small galleries together. */
const recallQueries = { small: 250, large: 20 };

const keep = resultsKeeper("search");
const rounds: Round[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  for (const gallery of galleriesOf(round)) {
    for (const contender of inTurn(Object.keys(contenders), round)) {
      const isLarge = gallery.count > 10_000;
      const task: Task = {
        contender,
        gallery,
        batches: isLarge ? [1, 64] : [1],
        recallQueries: round > 0 ? 0 : isLarge ? recallQueries.large : recallQueries.small,
        registering: isLarge,
      };
      const measured = await inFreshProcess<Measured>(new URL("measure.ts", import.meta.url), task);
      rounds.push({ round, contender, gallery, measured });
      const outcome = isSkipped(measured) ? `skipped: ${measured.skipped}` : "done";
      process.stderr.write(`round ${round + 1}, ${gallery.count} × ${gallery.dimensions}, ${contender}: ${outcome}\n`);
    }
    // After each gallery, so that a run that is broken off leaves what it has.
    if (!values.quick) await keep({ search: summary(rounds), rounds });
  }
}

const search = summary(rounds);
process.stdout.write(`${table(thisMachine(), search)}\n`);
if (values.json) process.stdout.write(`${JSON.stringify({ search })}\n`);
