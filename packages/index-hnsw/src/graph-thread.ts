/** The script of a thread that holds one graph: the only one that calls hnswlib. */
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { HierarchicalNSW } from "hnswlib-node";
import { type GraphAnswer, type GraphRequest, type GraphSetup, isEnded, isWorking, noLabel } from "./graph-messages.js";
import { HnswlibFileWriter, readHnswlibFile } from "./hnswlib-file.js";
import { eachRow, withoutRemoved } from "./links.js";
import { NamelessFile } from "./nameless-file.js";

const setup: GraphSetup = workerData;
const { dimensions, m, efConstruction } = setup;
const leastCapacity = 64;
let library: typeof import("hnswlib-node") | undefined;
let graph: HierarchicalNSW | undefined;
/** hnswlib refuses to remove a row twice. */
const removed = new Set<number>();
let loading: { readonly file: NamelessFile; readonly writer: HnswlibFileWriter } | undefined;

/** The graph, from the first request on: not before, since the thread may be ended as soon as it begins. */
function ours(): HierarchicalNSW {
  if (graph !== undefined) return graph;
  const begun = emptyGraph();
  // Where there is too little memory, this ends the process and only `resizeIndex` throws.
  begun.initIndex(leastCapacity, m, efConstruction);
  begun.resizeIndex(Math.max(leastCapacity, setup.capacity));
  graph = begun;
  return graph;
}

/** Inner products of unit vectors: `cosine` would scale each query and row again. */
function emptyGraph(): HierarchicalNSW {
  library ??= required();
  return new library.HierarchicalNSW("ip", dimensions);
}

function required(): typeof import("hnswlib-node") {
  return createRequire(setup.library)(setup.library);
}

function add(vectors: Float32Array): void {
  const graph = ours();
  const first = graph.getCurrentCount();
  const count = vectors.length / dimensions;
  if (first + count > graph.getMaxElements()) graph.resizeIndex(Math.ceil((first + count) * 1.5));
  for (let i = 0; i < count; i++) {
    graph.addPoint(Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions)), first + i);
  }
}

/** Rows that are not there yet, while a graph is loaded, are told again when they are. */
function remove(labels: readonly number[]): void {
  for (const label of labels) {
    if (graph === undefined || label >= graph.getCurrentCount() || removed.has(label)) continue;
    graph.markDelete(label);
    removed.add(label);
  }
}

function search(queries: Float32Array, k: number, ef: number): Uint32Array<ArrayBuffer> {
  const count = queries.length / dimensions;
  const labels = new Uint32Array(count * k).fill(noLabel);
  const graph = ours();
  // Falls back to 10 whenever a graph is loaded.
  graph.setEf(ef);
  const most = Math.min(k, graph.getCurrentCount());
  for (let i = 0; i < count && most > 0; i++) {
    const query = Array.from(queries.subarray(i * dimensions, (i + 1) * dimensions));
    labels.set(graph.searchKnn(query, most).neighbors, i * k);
  }
  return labels;
}

function links(folder: string): GraphAnswer["links"] {
  using file = new NamelessFile(folder);
  ours().writeIndexSync(file.path);
  const { rows, entry, isRemoved } = readHnswlibFile(file.descriptor, setup);
  return withoutRemoved(rows, entry, isRemoved, m);
}

function load(kept: Uint32Array<ArrayBuffer>, folder: string): void {
  const rows = [...eachRow(kept, m)];
  const file = new NamelessFile(folder);
  const capacity = Math.max(setup.capacity, rows.length);
  loading = { file, writer: new HnswlibFileWriter(file.descriptor, setup, rows, kept[1] ?? 0, capacity) };
}

function loaded(): void {
  if (loading === undefined) throw new Error("There is nothing to load.");
  using file = loading.file;
  loading.writer.finish();
  loading = undefined;
  // Never into an object that holds a graph.
  const fresh = emptyGraph();
  fresh.readIndexSync(file.path);
  graph = fresh;
  removed.clear();
}

function answer(request: GraphRequest): GraphAnswer[GraphRequest["kind"]] {
  if (request.kind === "search") return search(request.queries, request.k, request.ef);
  if (request.kind === "links") return links(request.folder);
  if (request.kind === "add") add(request.vectors);
  else if (request.kind === "remove") remove(request.labels);
  else if (request.kind === "load") load(request.links, request.folder);
  else if (request.kind === "fill") loading?.writer.fill(request.vectors);
  else if (request.kind === "loaded") loaded();
  else parentPort?.close();
  return undefined;
}

/** Undefined where the thread was ended meanwhile. */
function answerUnlessEnded(request: GraphRequest): { result: GraphAnswer[GraphRequest["kind"]] } | undefined {
  Atomics.store(setup.state, isWorking, 1);
  try {
    if (request.kind !== "end" && Atomics.load(setup.state, isEnded) === 1) return undefined;
    return { result: answer(request) };
  } finally {
    Atomics.store(setup.state, isWorking, 0);
    Atomics.notify(setup.state, isWorking);
  }
}

parentPort?.on("message", ({ call, request }: { call: number; request: GraphRequest }) => {
  try {
    const answered = answerUnlessEnded(request);
    if (answered !== undefined && request.kind !== "end") parentPort?.postMessage({ call, ...answered });
  } catch (error) {
    parentPort?.postMessage({ call, failure: error instanceof Error ? error.message : String(error) });
  }
});
