import type { VectorIndex } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { hnswIndex } from "@facekit/index-hnsw";
import { DataType, encodeModel } from "../../packages/models/convert/onnx.js";
import { faissFlat } from "./faiss.js";
import { cosine, type Gallery, isStranger, makeQueries } from "./gallery.js";
import { pgvector } from "./pgvector.js";
import { TopRows } from "./top-rows.js";

export interface Contender {
  /** The numbers of the `k` rows nearest to each query, best first. */
  search(queries: readonly Float32Array[], k: number): Promise<number[][]>;
  /** Enrols a row under a number, while searches go on. Not where everything would have to be built again. */
  register?(number: number, vector: Float32Array): Promise<void>;
  /** Erases the row of a number. */
  erase?(number: number): Promise<void>;
  /** How many candidates an approximate search keeps: the least that reached the recall that was wanted. */
  readonly ef?: number;
  /** Milliseconds of the last search, where the contender lives in another process and knows better. */
  ownMs?(): number;
  close?(): void | Promise<void>;
}

type Create = (gallery: Gallery, rows: Float32Array) => Promise<Contender>;

/** The share of the ten nearest that approximate contenders are tuned to find of rows and of others near them. */
const recallWanted = 0.99;
/** Graphs of more rows take longer to build than a run shall. */
const mostGraphRows = Number(process.env.FACEKIT_BENCH_GRAPH_ROWS ?? 100_000);

/** Rejects with the reason where a contender is not to be had on this machine. */
export const contenders: Readonly<Record<string, Create>> = {
  "index-exact": (gallery, rows) => ourIndex(gallery, rows, "auto"),
  "index-exact, calling thread": (gallery, rows) => ourIndex(gallery, rows, 0),
  "index-hnsw": ourGraph,
  "naive JavaScript": naiveLoop,
  "usearch exact, 1 thread": (gallery, rows) => usearchExact(gallery, rows, 1),
  "usearch exact, all cores": (gallery, rows) => usearchExact(gallery, rows, 0),
  "ONNX Runtime MatMul, 1 thread": (gallery, rows) => onnxMatMul(gallery, rows, 1),
  "ONNX Runtime MatMul, all cores": (gallery, rows) => onnxMatMul(gallery, rows, 0),
  "faiss IndexFlatIP, 1 thread": (gallery, rows) => faissFlat(gallery, rows, 1),
  "faiss IndexFlatIP, all cores": (gallery, rows) => faissFlat(gallery, rows, 0),
  "hnswlib-node": hnswlib,
  "store-pgvector, exact": (gallery, rows) => pgvector(gallery, rows, { search: "exact" }),
  "store-pgvector, HNSW": (gallery, rows) => pgvector(gallery, rows, { hnsw: { from: gallery.count } }),
};

async function ourIndex(gallery: Gallery, rows: Float32Array, threads: number | "auto"): Promise<Contender> {
  const index = exactIndex({ threads });
  await fill(index, gallery, rows);
  return contenderOf(index);
}

/** With the graph whatever the size, where it reaches the recall. */
async function ourGraph(gallery: Gallery, rows: Float32Array): Promise<Contender> {
  if (gallery.count > mostGraphRows)
    throw new Error(`building its graph of more than ${mostGraphRows} rows takes too long`);
  const hnswlib = process.env.FACEKIT_HNSWLIB;
  const index = hnswIndex({ exactBelow: 1, recall: recallWanted, ...(hnswlib !== undefined && { hnswlib }) });
  await fill(index, gallery, rows);
  await index.settled();
  const { engine, reason, ef } = index.describe("n");
  if (engine === "exact") throw new Error(`it leaves the search to the exact index: ${reason}`);
  return { ...contenderOf(index), ...(ef !== undefined && { ef }) };
}

async function fill(index: VectorIndex, { count, dimensions }: Gallery, rows: Float32Array): Promise<void> {
  await index.open({ id: "benchmark", dimensions, metric: "cosine" });
  const entriesAtOnce = 10_000;
  for (let from = 0; from < count; from += entriesAtOnce) {
    const entries = Array.from({ length: Math.min(entriesAtOnce, count - from) }, (_, i) => entry(from + i));
    await index.add("n", entries);
  }
  function entry(row: number) {
    return { id: `${row}`, memberId: `${row}`, vector: rows.subarray(row * dimensions, (row + 1) * dimensions) };
  }
}

function contenderOf(index: VectorIndex): Contender {
  return {
    async search(queries, k) {
      const found = await index.search("n", queries, { k });
      return found.hits.map((hits) => hits.map(({ id }) => Number(id)));
    },
    register: (number, vector) => index.add("n", [{ id: `${number}`, memberId: `${number}`, vector }]),
    erase: (number) => index.remove("n", [`${number}`]),
    close: () => void index[Symbol.asyncDispose](),
  };
}

/** What one would write first: a loop over the rows, one sum for each. */
async function naiveLoop({ count, dimensions }: Gallery, rows: Float32Array): Promise<Contender> {
  return {
    async search(queries, k) {
      return queries.map((query) => {
        const top = new TopRows(k);
        for (let row = 0; row < count; row++) {
          top.offer(row, naiveDot(rows, row * dimensions, query));
        }
        return top.rows();
      });
    },
  };
}

function naiveDot(rows: Float32Array, offset: number, query: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += (rows[offset + i] as number) * (query[i] as number);
  return sum;
}

async function usearchExact({ dimensions }: Gallery, rows: Float32Array, threads: number): Promise<Contender> {
  const { default: usearch } = await import("usearch");
  return {
    async search(queries, k) {
      const { keys } = usearch.exactSearch(rows, flat(queries), dimensions, k, usearch.MetricKind.IP, threads);
      const all = Array.from(keys, Number);
      return queries.map((_, i) => all.slice(i * k, (i + 1) * k));
    },
  };
}

/** The rows as a constant of the graph, which lets the runtime pack them as it likes; the best are picked here. */
async function onnxMatMul({ count, dimensions }: Gallery, rows: Float32Array, threads: number): Promise<Contender> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const columns = new Float32Array(rows.length);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dimensions; i++) columns[i * count + row] = rows[row * dimensions + i] ?? 0;
  }
  const model = encodeModel({
    name: "search",
    description: "similarities = queries × rows",
    input: { name: "queries", type: DataType.float, shape: ["batch", dimensions] },
    outputs: [{ name: "similarities", type: DataType.float, shape: ["batch", count] }],
    nodes: [{ operator: "MatMul", inputs: ["queries", "rows"], output: "similarities", attributes: {} }],
    initializers: [{ name: "rows", shape: [dimensions, count], data: columns }],
  });
  const session = await InferenceSession.create(model, { intraOpNumThreads: threads });
  return {
    async search(queries, k) {
      const input = new Tensor("float32", flat(queries), [queries.length, dimensions]);
      const { similarities } = await session.run({ queries: input });
      const data = similarities?.data;
      if (!(data instanceof Float32Array)) throw new TypeError("The graph gave no float32 similarities.");
      return queries.map((_, i) => {
        const top = new TopRows(k);
        const of = data.subarray(i * count, (i + 1) * count);
        for (let row = 0; row < count; row++) top.offer(row, of[row] as number);
        return top.rows();
      });
    },
  };
}

/** As its README has it, with the least `ef` of these that reaches the recall on other rows and others near them. */
async function hnswlib(gallery: Gallery, rows: Float32Array): Promise<Contender> {
  const { count, dimensions } = gallery;
  if (count > mostGraphRows) throw new Error(`building its graph of more than ${mostGraphRows} rows takes too long`);
  const { default: library } = await import(process.env.FACEKIT_HNSWLIB ?? "hnswlib-node").catch((cause: unknown) => {
    throw new Error(
      "it is not compiled: npx node-gyp rebuild -C packages/index-hnsw/node_modules/hnswlib-node (it wants a compiler)",
      { cause },
    );
  });
  const graph: import("hnswlib-node").HierarchicalNSW = new library.HierarchicalNSW("ip", dimensions);
  graph.initIndex(count);
  for (let row = 0; row < count; row++) {
    graph.addPoint(Array.from(rows.subarray(row * dimensions, (row + 1) * dimensions)), row);
  }
  const search: Contender["search"] = async (queries, k) =>
    queries.map((query) => graph.searchKnn(Array.from(query), k).neighbors);
  const sample = makeQueries(gallery, rows, 300, "tuning").filter((_, i) => !isStranger(i));
  await using truth = exactIndex();
  await fill(truth, gallery, rows);
  const least = (await truth.search("n", sample, { k: 10 })).hits.map((hits) => hits.at(-1)?.similarity ?? 0);
  for (let ef = 10; ; ef = Math.ceil(ef * 1.4)) {
    if (ef > 4096) throw new Error(`4096 candidates do not reach a recall of ${recallWanted}`);
    graph.setEf(ef);
    const found = await search(sample, 10);
    const right = found.map((row, i) =>
      row.filter((each) => cosine(rows, each * dimensions, sample[i] ?? new Float32Array()) >= (least[i] ?? 0) - 1e-9),
    );
    if (right.flat().length >= recallWanted * sample.length * 10) return { search, ef };
  }
}

function flat(vectors: readonly Float32Array[]): Float32Array {
  const [first] = vectors;
  if (first === undefined) return new Float32Array();
  if (vectors.length === 1) return first;
  const all = new Float32Array(vectors.length * first.length);
  for (const [i, vector] of vectors.entries()) all.set(vector, i * first.length);
  return all;
}
