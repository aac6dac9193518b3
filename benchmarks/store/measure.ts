/** One step with one backend in a process of its own: `measure.ts '{"step":"write",…}'` prints one result. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FaceRecord, VectorStore } from "@facekit/core";
import { reasonOf, type Skipped } from "../skipped.js";
import { median } from "../statistics.js";
import { backends, placeAt } from "./backends.js";
import { firstMemberId, namespace, spaceOf, templates } from "./templates.js";

export type StoreTask = {
  readonly backend: string;
  readonly folder: string;
  readonly count: number;
  readonly dimensions: number;
} & (
  | { readonly step: "write"; readonly ms: number }
  | { readonly step: "fill" }
  | { readonly step: "open"; readonly from: "records" | "snapshot" }
);

/** Registrations a second, each call acknowledged before the next: by how many templates a call had. */
export interface Written {
  readonly perSecond: Readonly<Record<string, number>>;
}

export interface Filled {
  readonly fillMs: number;
  /** On the disk. */
  readonly bytes: number;
}

export interface Opened {
  /** Until the store is open. */
  readonly openMs: number;
  /** Until the first search is answered. */
  readonly searchedMs: number;
  /** Of one search after that: the median of twenty. Absent in results of before it was taken. */
  readonly searchMs?: number;
  /** Of the process: the store, its index and Node itself. */
  readonly memoryMiB: number;
}

const batches = [1, 100];
const fillBatch = 1000;

if (process.argv[1] === import.meta.filename) {
  const task: StoreTask = JSON.parse(process.argv[2] ?? "{}");
  const result = await measure(task).catch((error: unknown): Skipped => ({ skipped: reasonOf(error) }));
  process.stdout.write(`\n${JSON.stringify(result)}\n`);
}

async function measure(task: StoreTask): Promise<Written | Filled | Opened> {
  const backend = backends[task.backend];
  if (backend === undefined) throw new Error(`There is no backend "${task.backend}".`);
  const { folder, count, dimensions } = task;
  // Not a part of opening: here it also compiles the sources.
  await backend.load();
  // What is searched for lies beside the store: making all templates to have one would show in the memory.
  const probeFile = join(folder, "probe");
  const probes = task.step === "open" ? [await readVector(probeFile)] : [];
  const started = performance.now();
  const place = placeAt(folder);
  await using opened = await backend.open(place);
  const { store } = opened;
  await store.open(spaceOf(dimensions));
  const openMs = performance.now() - started;
  if (task.step === "write") {
    const perSecond: Record<string, number> = {};
    const fresh = templates(count, dimensions);
    for (const batch of batches) perSecond[batch] = await writesPerSecond(store, fresh, batch, task);
    return { perSecond };
  }
  if (task.step === "open") {
    const search = () => store.search(namespace, probes, { k: 5 });
    const { matches } = await search();
    const searchedMs = performance.now() - started;
    if (matches[0]?.[0]?.memberId !== firstMemberId) throw new Error("the store did not find its first member");
    // From records, what is built to search is minutes away, and searches are exact meanwhile.
    const engine = task.from === "snapshot" ? await opened.engine?.(namespace) : undefined;
    if (engine === "exact") throw new Error("the snapshot held nothing to search with");
    return { openMs, searchedMs, searchMs: await medianMs(search), memoryMiB: memoryMiB() };
  }
  let batch = [];
  for (const template of templates(count, dimensions)) {
    if (template.memberId === firstMemberId) {
      probes.push(template.vector);
      await writeFile(probeFile, template.vector);
    }
    batch.push(template);
    if (batch.length < fillBatch) continue;
    await store.upsert(namespace, batch);
    batch = [];
  }
  await store.upsert(namespace, batch);
  await store.search(namespace, probes, { k: 5 });
  await opened.engine?.(namespace);
  return { fillMs: performance.now() - started, bytes: (await backend.bytes?.(place)) ?? 0 };
}

/** Until the time is over, or this batch size has had its share of the templates. */
async function writesPerSecond(
  store: VectorStore,
  fresh: IterableIterator<FaceRecord>,
  batch: number,
  { ms, count }: { readonly ms: number; readonly count: number },
): Promise<number> {
  const most = Math.floor(count / batches.length);
  const started = performance.now();
  let [written, spent] = [0, 0];
  while (spent < ms && written < most) {
    const records: FaceRecord[] = [];
    while (records.length < batch) {
      const { value, done } = fresh.next();
      if (done === true) throw new Error("the templates do not come out even");
      records.push(value);
    }
    await store.upsert(namespace, records);
    written += records.length;
    spent = performance.now() - started;
  }
  return (written / spent) * 1000;
}

async function medianMs(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  while (times.length < 20) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return median(times);
}

async function readVector(file: string): Promise<Float32Array> {
  const bytes = await readFile(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function memoryMiB(): number {
  return process.memoryUsage().rss / 2 ** 20;
}
