import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vectorIndexConformance, vectorStoreConformance } from "@facekit/conformance";
import { createVectorStore, memoryFaceRecords, type VectorIndex } from "@facekit/core";
import { autoIndex, type HnswIndex, hnswIndex } from "@facekit/index-hnsw";
import { sqliteStore } from "@facekit/store-sql";
import { describe, expect, onTestFinished, test } from "vitest";
import { library, named } from "./library.js";

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "facekit-hnsw-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "members.db");
}

/** Searches that a graph was there for. */
let ofGraphs = 0;

/** With the graph that is built or measured behind each call, so that it answers wherever it may. */
function settling(index: HnswIndex): VectorIndex {
  const { capabilities, id, specVersion, describe: _, settled, ...calls } = index;
  return {
    ...calls,
    id,
    specVersion,
    capabilities,
    async search(namespace, queries, options) {
      await settled();
      if (index.describe(namespace).engine === "hnsw") ofGraphs++;
      return index.search(namespace, queries, options);
    },
  };
}
const forced = { ...named, exactBelow: 20, m: 8, efConstruction: 50, threads: 0 } as const;

describe.skipIf(typeof library === "string")(`hnswIndex${typeof library === "string" ? `: ${library}` : ""}`, () => {
  describe("while graphs are built", () => vectorIndexConformance({ test, create: () => hnswIndex(forced) }));
  describe("when they are built", () => vectorIndexConformance({ test, create: () => settling(hnswIndex(forced)) }));
  test("a graph was searched", () => expect(ofGraphs).toBeGreaterThan(10));
  describe("autoIndex, under the size of graphs", () =>
    vectorIndexConformance({ test, create: () => autoIndex(named) }));

  for (const [state, create] of [
    ["while graphs are built", () => hnswIndex(forced)],
    ["when they are built", () => settling(hnswIndex(forced))],
  ] as const) {
    describe(`over memory, ${state}`, () =>
      vectorStoreConformance({
        test,
        create: () => createVectorStore({ records: memoryFaceRecords(), index: create() }),
      }));
    describe(`over SQLite, ${state}`, () =>
      vectorStoreConformance({
        test,
        create: () => createVectorStore({ records: sqliteStore(temporaryFile()).faceRecords, index: create() }),
      }));
  }
});

describe("autoIndex without hnswlib-node", () => {
  const create = () => autoIndex({ hnswlib: "/nowhere" });
  vectorIndexConformance({ test, create });

  test("says so, and that it is exact", async () => {
    const index = create();
    expect(index.capabilities.exact).toBe(true);
    expect(index.describe("n")).toMatchObject({
      engine: "exact",
      reason: expect.stringMatching(/npm install hnswlib-node@3/),
    });
    expect(() => hnswIndex({ hnswlib: "/nowhere" })).toThrow(
      expect.objectContaining({ code: "not-supported", message: expect.stringMatching(/npm install hnswlib-node@3/) }),
    );
  });
});
