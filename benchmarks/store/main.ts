/**
 * Stores: `npm run bench -- store [--json] [--rounds 3] [--quick] [--store sqlite --store postgres]`, all without names.
 * Servers are found by their variables, and started by `node scripts/servers.mjs -- npm run bench -- store`. How many
 * registrations a second a store acknowledges, and how long a fresh process takes to open a full one and to search it,
 * with the memory that it then holds. Raw rounds go to benchmarks/results, but not those of --quick. With --json the
 * last line of stdout is one object.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { inFreshProcess, inTurn } from "../fresh-process.js";
import { thisMachine } from "../machine.js";
import { resultsKeeper } from "../results.js";
import { isSkipped, type Skipped } from "../skipped.js";
import { backends, missing, placeAt } from "./backends.js";
import type { Filled, Opened, StoreTask, Written } from "./measure.js";
import { type StoreRound, storeSummary, storeTable } from "./summary.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
    store: { type: "string", multiple: true, default: Object.keys(backends) },
  },
});

const dimensions = 512;
const counts = values.quick ? [10_000] : [10_000, 100_000];
const writing = { ms: values.quick ? 500 : 3000, templates: 40_000 };

const machine = thisMachine();
const keep = resultsKeeper("store");
// Where files are kept: a temporary folder may lie in memory, which makes no write durable.
const scratch = await mkdtemp(join(process.env.FACEKIT_BENCH_SCRATCH ?? tmpdir(), "facekit-bench-store-"));
const rounds: StoreRound[] = [];
/** Each store is filled once, and opened in every round: folders, their backends, and what became of the filling. */
const filled = new Map<string, { readonly backend: string; result?: Filled | Skipped }>();
try {
  for (let round = 0; round < (values.quick ? 1 : Number(values.rounds)); round++) {
    for (const backend of inTurn(values.store, round)) {
      const reason = reasonToSkip(backend);
      const known = { round, backend, dimensions, count: 0 };
      rounds.push({ ...known, written: reason === undefined ? await write(round, backend) : { skipped: reason } });
      // What lies nowhere outlives no process, so there is nothing to open.
      if (reason !== undefined || !backends[backend]?.persistent) continue;
      for (const count of counts) rounds.push(await fillAndOpen(round, backend, count));
      // After each store, so that a run that is broken off leaves what it has.
      if (!values.quick) await keep({ store: storeSummary(rounds), rounds });
    }
  }
} finally {
  for (const [folder, { backend }] of filled) await backends[backend]?.drop?.(placeAt(folder));
  await rm(scratch, { recursive: true, force: true });
}

const store = storeSummary(rounds);
process.stdout.write(`${storeTable(machine, store)}\n`);
if (values.json) process.stdout.write(`${JSON.stringify({ store })}\n`);

async function write(round: number, backend: string) {
  const folder = join(scratch, `${backend}-written-${round}`);
  await mkdir(folder, { recursive: true });
  const written = await run<Written>({
    step: "write",
    backend,
    folder,
    count: writing.templates,
    dimensions,
    ms: writing.ms,
  });
  await backends[backend]?.drop?.(placeAt(folder));
  await rm(folder, { recursive: true, force: true });
  tell(round, `${backend}, writing`, written);
  return written;
}

async function fillAndOpen(round: number, backend: string, count: number): Promise<StoreRound> {
  const folder = join(scratch, `${backend}-${count}`);
  const task = { backend, folder, count, dimensions };
  const known = { round, backend, dimensions, count };
  const store = filled.get(folder) ?? { backend };
  const isFirst = store.result === undefined;
  if (store.result === undefined) {
    // Noted before it is begun: what a filling that fails leaves on a server is dropped too.
    filled.set(folder, store);
    await mkdir(folder, { recursive: true });
    store.result = await fill(task);
    tell(round, `${backend}, filling ${count}`, store.result);
  }
  if (isSkipped(store.result)) return { ...known, filled: store.result };
  const filling = isFirst ? { filled: store.result } : {};
  // A store that keeps snapshots left one when it was filled.
  const snapshots = await snapshotsIn(folder);
  const snapshot = snapshots.length === 0 ? undefined : await run<Opened>({ step: "open", from: "snapshot", ...task });
  if (snapshot !== undefined) tell(round, `${backend}, opening ${count} from its snapshot`, snapshot);
  const aside = `${folder}-snapshots`;
  await move(folder, aside);
  const records = await run<Opened>({ step: "open", from: "records", ...task });
  tell(round, `${backend}, opening ${count} from the records`, records);
  for (const name of await snapshotsIn(folder)) await rm(join(folder, name));
  await move(aside, folder);
  return { ...known, ...filling, opened: { records, ...(snapshot !== undefined && { snapshot }) } };
}

/** A store that took long for few templates is spared many, which would not end in the time that a process has. */
async function fill(task: Omit<StoreTask, "step"> & { count: number }): Promise<Filled | Skipped> {
  const few = filled.get(join(scratch, `${task.backend}-${counts[0]}`))?.result;
  const expectedMs = few === undefined || isSkipped(few) ? 0 : few.fillMs * (task.count / (counts[0] ?? 1));
  if (expectedMs > 900_000) return { skipped: `it would take about ${Math.round(expectedMs / 60_000)} minutes` };
  return run<Filled>({ step: "fill", ...task });
}

/** Moves the snapshots from one folder to the other. */
async function move(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await snapshotsIn(from)) await rename(join(from, name), join(to, name));
}

function reasonToSkip(name: string): string | undefined {
  const backend = backends[name];
  return backend === undefined ? `there is no backend "${name}"` : missing(backend);
}

function run<Result>(task: StoreTask) {
  return inFreshProcess<Result>(new URL("measure.ts", import.meta.url), task);
}

async function snapshotsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.includes("-index-"));
}

function tell(round: number, what: string, result: object): void {
  process.stderr.write(`round ${round + 1}, ${what}: ${isSkipped(result) ? `skipped: ${result.skipped}` : "done"}\n`);
}
