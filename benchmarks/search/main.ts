/**
 * Search speed and recall: `npm run bench -- search [--json] [--rounds 3] [--quick]`. Every contender runs in a fresh
 * process, in turn, in reversed order every other round. Raw rounds go to benchmarks/results, but not those of --quick,
 * which passes over the large galleries and so is one round. With --json the last line of stdout is one object.
 *
 * `--crossover [--sizes 10000,25000,50000] [--dimensions 128,512] [--data clustered]` instead measures our two indexes at
 * these sizes and tells from which on the graph is the faster one; it goes to results/crossover.json.
 */
import { parseArgs } from "node:util";
import { inFreshProcess, inTurn } from "../fresh-process.js";
import { thisMachine } from "../machine.js";
import { resultsKeeper } from "../results.js";
import { isSkipped, measuredOf } from "../skipped.js";
import { contenders } from "./contenders.js";
import { crossovers } from "./crossover.js";
import type { Gallery } from "./gallery.js";
import type { Measured, Task } from "./measure.js";
import { type Round, summary, table } from "./summary.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
    crossover: { type: "boolean", default: false },
    sizes: { type: "string", default: "10000,25000,50000" },
    dimensions: { type: "string", default: "128,512" },
    data: { type: "string", default: "clustered" },
  },
});

const small = (["uniform", "clustered"] as const).flatMap((data) =>
  [128, 512].map((dimensions): Gallery => ({ count: 10_000, dimensions, data })),
);
const large: Gallery[] = [
  { count: 100_000, dimensions: 512, data: "uniform" },
  { count: 100_000, dimensions: 512, data: "clustered" },
  { count: 1_000_000, dimensions: 128, data: "uniform" },
];
const numbersIn = (list: string): number[] => list.split(",").map(Number);
const sizes = numbersIn(values.dimensions).flatMap((dimensions) =>
  numbersIn(values.sizes).map(
    (count): Gallery => ({ count, dimensions, data: values.data === "uniform" ? "uniform" : "clustered" }),
  ),
);
const names = Object.keys(contenders).filter((name) => !values.crossover || /^index-(exact|hnsw)$/.test(name));

/** The small ones are for recall: the first round tells it. */
const galleriesOf = (round: number): Gallery[] =>
  values.crossover ? sizes : [...(round === 0 ? small : []), ...(values.quick ? [] : large)];
/** 1,000 in the small galleries together. */
const recallQueries = { small: 250, large: 20 };

const keep = resultsKeeper(values.crossover ? "crossover" : "search");
const rounds: Round[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  for (const gallery of galleriesOf(round)) {
    for (const contender of inTurn(names, round)) {
      const isLarge = gallery.count > 10_000 || values.crossover;
      const task: Task = {
        contender,
        gallery,
        batches: isLarge ? [1, 64] : [1],
        recallQueries: round > 0 ? 0 : isLarge ? recallQueries.large : recallQueries.small,
        registering: isLarge,
      };
      const measured = await inFreshProcess<Measured>(new URL("measure.ts", import.meta.url), task);
      rounds.push({ round, contender, gallery, measured });
      const what = isSkipped(measured) ? `skipped: ${measured.skipped}` : "done";
      process.stderr.write(`round ${round + 1}, ${gallery.count} × ${gallery.dimensions}, ${contender}: ${what}\n`);
    }
    // After each gallery, so that a run that is broken off leaves what it has.
    if (!values.quick) await keep({ ...outcome(), rounds });
  }
}

const results = outcome();
process.stdout.write(`${table(thisMachine(), results.search)}\n`);
for (const { dimensions, data, templates } of results.crossovers) {
  const from = templates === undefined ? "at no size that was measured towards" : `from ${templates} templates on`;
  process.stdout.write(`${dimensions} dimensions, ${data}: the graph is the faster one ${from}\n`);
}
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);

function outcome() {
  const search = summary(rounds);
  return { search, crossovers: crossovers(measuredOf(search)) };
}
