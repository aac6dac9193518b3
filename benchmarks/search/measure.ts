/** One contender over one gallery, in a process of its own: `measure.ts '{"contender":…,…}'` prints one `Measured`. */
import { setImmediate } from "node:timers/promises";
import { reasonOf, type Skipped } from "../skipped.js";
import { type Contender, contenders } from "./contenders.js";
import { bruteForce, cosine, type Gallery, isStranger, makeQueries, makeRows } from "./gallery.js";

export interface Task {
  readonly contender: string;
  readonly gallery: Gallery;
  readonly batches: readonly number[];
  /** How many queries to compare with float64 brute force; 0 for none. */
  readonly recallQueries: number;
  /** Whether to measure searches with 100 registrations a second between them. */
  readonly registering: boolean;
}

export type Measured = Skipped | Timings;

export interface Timings {
  /** Share of the hits that belong to the best `k` of float64 brute force; a row tied with the last of them does. */
  readonly recall: number | null;
  /** The same of queries that are rows or lie near one, as photos of members do: not of strangers. */
  readonly recallOfMembers?: number;
  /** Milliseconds per query of each run, by batch. */
  readonly runs: Readonly<Record<string, readonly number[]>>;
  /** Milliseconds of single queries while registrations go on. */
  readonly registering: readonly number[] | null;
  /** From the rows to the first search, with the choice of `ef` where there is one. */
  readonly buildMs: number;
  readonly ef?: number;
  /** Single additions and erasures, one after the other. */
  readonly addsPerSecond?: number;
  readonly erasuresPerSecond?: number;
}

const k = 10;
const warmUps = 5;
const enoughRuns = 200;
const enoughMs = 1500;
const leastRuns = 3;
const msPerRegistration = 10;
const ratesTaken = 1000;

if (process.argv[1] === import.meta.filename) {
  const task: Task = JSON.parse(process.argv[2] ?? "{}");
  process.stdout.write(JSON.stringify(await measure(task)));
}

async function measure({ contender, gallery, batches, recallQueries, registering }: Task): Promise<Measured> {
  const rows = makeRows(gallery);
  const create = contenders[contender];
  if (create === undefined) throw new Error(`There is no contender "${contender}".`);
  let made: Contender;
  const started = performance.now();
  try {
    made = await create(gallery, rows);
  } catch (error) {
    return { skipped: reasonOf(error) };
  }
  const buildMs = performance.now() - started;
  const queries = makeQueries(gallery, rows, Math.max(recallQueries, ...batches, 64));
  const recalls =
    recallQueries > 0 ? await recallOf(made, gallery, rows, queries.slice(0, recallQueries)) : { recall: null };
  const runs: Record<string, number[]> = {};
  for (const batch of batches) {
    const next = (run: number): Float32Array[] =>
      Array.from({ length: batch }, (_, i) => pick(queries, run * batch + i));
    runs[batch] = (await timesOf(made, next, batch === 1 ? warmUps : 1)).map((ms) => ms / batch);
  }
  const whileRegistering = registering ? await timesWhileRegistering(made, gallery, queries) : null;
  const rates = registering ? await ratesOf(made, gallery, queries) : {};
  await made.close?.();
  return {
    ...recalls,
    runs,
    registering: whileRegistering,
    buildMs,
    ...(made.ef !== undefined && { ef: made.ef }),
    ...rates,
  };
}

async function recallOf(made: Contender, gallery: Gallery, rows: Float32Array, queries: Float32Array[]) {
  const found = await made.search(queries, k);
  const shares = queries.map((query, i) => {
    // The k-th best of another order of adding up differs in its last bits.
    const least = (bruteForce(gallery, rows, query, k).at(-1) ?? 0) - 1e-12;
    const hits = [...new Set(found[i])];
    return hits.filter((row) => cosine(rows, row * gallery.dimensions, query) >= least).length / k;
  });
  return { recall: mean(shares), recallOfMembers: mean(shares.filter((_, i) => !isStranger(i))) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function timesOf(made: Contender, next: (run: number) => Float32Array[], warmUp: number): Promise<number[]> {
  const times: number[] = [];
  let spent = 0;
  for (let run = -warmUp; run < enoughRuns && (run < leastRuns || spent < enoughMs); run++) {
    const queries = next(run + warmUp);
    const started = performance.now();
    await made.search(queries, k);
    const ms = made.ownMs?.() ?? performance.now() - started;
    spent += ms;
    if (run >= 0) times.push(ms);
    await setImmediate();
  }
  return times;
}

async function timesWhileRegistering(made: Contender, { count }: Gallery, queries: Float32Array[]) {
  const { register } = made;
  if (register === undefined) return null;
  const registered: Promise<void>[] = [];
  const timer = setInterval(() => {
    registered.push(register(count + registered.length, pick(queries, registered.length)));
  }, msPerRegistration);
  const times = await timesOf(made, (run) => [pick(queries, run)], warmUps);
  clearInterval(timer);
  await Promise.all(registered);
  return times;
}

async function ratesOf({ register, erase }: Contender, { count }: Gallery, queries: Float32Array[]) {
  if (register === undefined || erase === undefined) return {};
  // Behind those that were registered before.
  const first = count + 1_000_000;
  const perSecond = async (work: (i: number) => Promise<void>): Promise<number> => {
    const started = performance.now();
    for (let i = 0; i < ratesTaken; i++) await work(i);
    return ratesTaken / ((performance.now() - started) / 1000);
  };
  const addsPerSecond = await perSecond((i) => register(first + i, pick(queries, i)));
  return { addsPerSecond, erasuresPerSecond: await perSecond((i) => erase(first + i)) };
}

function pick(queries: readonly Float32Array[], i: number): Float32Array {
  return queries[i % queries.length] ?? new Float32Array();
}
