/** The script of a thread that holds one graph: the only one that calls hnswlib. */
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { HierarchicalNSW } from "hnswlib-node";
import { type GraphAnswer, type GraphRequest, type GraphSetup, noLabel } from "./graph-messages.js";
import { HnswlibFileWriter, readHnswlibFile } from "./hnswlib-file.js";
import { eachRow, withoutRemoved } from "./links.js";
import { NamelessFile } from "./nameless-file.js";

const setup: GraphSetup = workerData;
const { dimensions, m, efConstruction } = setup;
const library: typeof import("hnswlib-node") = createRequire(setup.library)(setup.library);
let graph = begin(setup.capacity);
/** hnswlib refuses to remove a row twice. */
const removed = new Set<number>();
let loading: { readonly file: NamelessFile; readonly writer: HnswlibFileWriter } | undefined;

function begin(capacity: number): HierarchicalNSW {
  const fresh = emptyGraph();
  fresh.initIndex(capacity, m, efConstruction);
  return fresh;
}

/** Inner products of unit vectors: `cosine` would scale each query and row again. */
function emptyGraph(): HierarchicalNSW {
  return new library.HierarchicalNSW("ip", dimensions);
}

function add(vectors: Float32Array): void {
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
    if (label >= graph.getCurrentCount() || removed.has(label)) continue;
    graph.markDelete(label);
    removed.add(label);
  }
}

function search(queries: Float32Array, k: number, ef: number): Uint32Array<ArrayBuffer> {
  const count = queries.length / dimensions;
  const labels = new Uint32Array(count * k).fill(noLabel);
  // Falls back to 10 whenever a graph is loaded.
  graph.setEf(ef);
  const most = Math.min(k, graph.getCurrentCount());
  for (let i = 0; i < count && most > 0; i++) {
    const query = Array.from(queries.subarray(i * dimensions, (i + 1) * dimensions));
    labels.set(graph.searchKnn(query, most).neighbors, i * k);
  }
  return labels;
}

function links(): GraphAnswer["links"] {
  using file = new NamelessFile();
  graph.writeIndexSync(file.path);
  const { rows, entry, isRemoved } = readHnswlibFile(file.descriptor, setup);
  return withoutRemoved(rows, entry, isRemoved, m);
}

function load(kept: Uint32Array<ArrayBuffer>): void {
  const rows = [...eachRow(kept, m)];
  const file = new NamelessFile();
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
  if (request.kind === "links") return links();
  if (request.kind === "add") add(request.vectors);
  else if (request.kind === "remove") remove(request.labels);
  else if (request.kind === "load") load(request.links);
  else if (request.kind === "fill") loading?.writer.fill(request.vectors);
  else loaded();
  return undefined;
}

parentPort?.on("message", ({ call, request }: { call: number; request: GraphRequest }) => {
  try {
    const result = answer(request);
    parentPort?.postMessage({ call, result });
  } catch (error) {
    parentPort?.postMessage({ call, failure: error instanceof Error ? error.message : String(error) });
  }
});
