import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createVectorStore, type IndexEntry, meanTemplate, type Progress, type VectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { autoIndex, type HnswIndex, type HnswIndexOptions, hnswIndex, type SearchChoice } from "@facekit/index-hnsw";
import { sqliteStore } from "@facekit/store-sql";
import { describe, expect, onTestFinished, test } from "vitest";
import { graphIndex } from "../src/graph-index.js";
import { people, space } from "./fixtures/people.js";
import { library, named } from "./library.js";

async function opened(options: HnswIndexOptions = {}): Promise<HnswIndex> {
  const index = hnswIndex({ ...named, exactBelow: 100, threads: 0, ...options });
  onTestFinished(() => index[Symbol.asyncDispose]());
  await index.open(space);
  return index;
}

/** The share of the true ten nearest that an index finds of these. */
async function recallOf(index: HnswIndex, truth: readonly IndexEntry[], queries: readonly Float32Array[]) {
  await using exact = exactIndex({ threads: 0 });
  await exact.open(space);
  await exact.add("n", truth);
  const expected = (await exact.search("n", queries, { k: 10 })).hits.flat();
  const found = (await index.search("n", queries, { k: 10 })).hits;
  const names = new Set(found.flatMap((hits, i) => hits.map(({ id, memberId }) => `${i} ${id} ${memberId}`)));
  return (
    expected.filter(({ id, memberId }, i) => names.has(`${Math.floor(i / 10)} ${id} ${memberId}`)).length /
    expected.length
  );
}

const queriesOf = (entries: readonly IndexEntry[]): Float32Array[] => entries.slice(0, 100).map(({ vector }) => vector);

describe.skipIf(typeof library === "string")(`graphs${typeof library === "string" ? `: ${library}` : ""}`, () => {
  test("reach the recall that is asked for, and tell what they reached", async () => {
    const entries = people(4000);
    const strangers = queriesOf(people(200, 100_000));
    for (const recall of [0.8, 0.99]) {
      const index = await opened({ recall, m: 4, efConstruction: 20 });
      await index.add("n", entries);
      await index.settled();
      const choice = index.describe("n");
      expect(choice).toMatchObject({ engine: "hnsw", rows: 6000 });
      expect(choice.recall).toBeGreaterThanOrEqual(recall);
      expect(await recallOf(index, entries, queriesOf(entries))).toBeGreaterThanOrEqual(recall - 0.03);
      if (recall === 0.99) expect(await recallOf(index, entries, strangers)).toBeGreaterThan(0.9);
    }
  });

  test("are not searched where they do not reach it, which is told", async () => {
    // Two links a row.
    const index = await opened({ recall: 0.9999, m: 2, efConstruction: 2 });
    const entries = people(3000);
    await index.add("n", entries);
    await index.settled();
    expect(index.describe("n")).toMatchObject({
      engine: "exact",
      reason: expect.stringMatching(/the graph found .* and 99.9 % are wanted/),
    });
    expect(await recallOf(index, entries, queriesOf(entries))).toBe(1);
  });

  test("are built with progress while the exact index answers, and the event loop is free", async () => {
    const told: Progress[] = [];
    const choices: SearchChoice[] = [];
    const index = await opened({
      onProgress: (progress) => told.push(progress),
      onChoice: (choice) => choices.push(choice),
    });
    const entries = people(3000);
    await index.add("n", entries);
    let searches = 0;
    let whileBuilding = 0;
    let settled = false;
    const settling = index.settled().then(() => {
      settled = true;
    });
    while (!settled) {
      const { hits } = await index.search("n", [entries[searches]?.vector ?? new Float32Array()], { k: 1 });
      expect(hits[0]?.[0]?.id).toBe(`t${searches++}`);
      const { done = 0, total } = told.at(-1) ?? {};
      if (done !== total) whileBuilding++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await settling;
    expect(whileBuilding).toBeGreaterThan(0);
    expect(told[0]).toEqual({ task: 'graph of "n"', done: 0, total: 4500 });
    expect(told.at(-1)).toEqual({ task: 'graph of "n"', done: 4500, total: 4500 });
    for (const [i, { done }] of told.entries()) expect(done).toBeGreaterThanOrEqual(told[i - 1]?.done ?? 0);
    expect(choices.map(({ engine }) => engine)).toEqual(["exact", "hnsw"]);
  });

  test("take in what is added, replaced and removed, and are built anew when much was removed", async () => {
    const began: number[] = [];
    const index = await opened({
      onProgress: ({ done, total = 0 }) => {
        if (done === 0) began.push(total);
      },
    });
    const entries = people(2000);
    await index.add("n", entries);
    await index.settled();
    const more = people(600, 2000);
    await index.add("n", more);
    // At once: what the graph does not hold yet is compared with as it is.
    expect((await index.search("n", [more[599]?.vector ?? new Float32Array()], { k: 1 })).hits[0]?.[0]?.id).toBe(
      "t2599",
    );
    await index.settled();
    const replaced = people(200, 50_000).map((entry, i) => ({ ...entry, id: `t${i}` }));
    await index.add("n", replaced);
    const kept = [...replaced, ...entries.slice(200), ...more];
    expect(await recallOf(index, kept, queriesOf(replaced))).toBeGreaterThan(0.97);
    expect(began).toEqual([3000]);
    await index.remove(
      "n",
      entries.slice(800).map(({ id }) => id),
    );
    const left = [...replaced, ...entries.slice(200, 800), ...more];
    expect(await recallOf(index, left, queriesOf(left))).toBeGreaterThan(0.97);
    await index.settled();
    expect(began.length).toBe(2);
    expect(index.describe("n")).toMatchObject({ engine: "hnsw" });
    expect(await recallOf(index, left, queriesOf(left))).toBeGreaterThan(0.97);
    await index.remove("n", [...new Set(left.map(({ id }) => id))]);
    await index.settled();
    expect((await index.search("n", queriesOf(left), { k: 3 })).hits.flat()).toEqual([]);
    expect(index.describe("n")).toEqual({ namespace: "n", engine: "exact", reason: "it holds nothing", rows: 0 });
    // Others under the same names: nothing of the graph that was is left.
    const others = people(1500, 300_000).map((entry, i) => ({ ...entry, id: `t${i}` }));
    await index.add("n", others);
    await index.settled();
    expect(await recallOf(index, others, queriesOf(others))).toBeGreaterThan(0.97);
  });

  test("are built whatever the callbacks throw, and tell a folder as the process sees it", async () => {
    const fails = (): never => {
      throw new Error("The callback failed.");
    };
    const path = typeof library === "string" ? "" : dirname(dirname(library.path));
    const index = await opened({ onProgress: fails, onChoice: fails, hnswlib: relative(process.cwd(), path) });
    await index.add("n", people(300));
    await index.settled();
    expect(index.describe("n").engine).toBe("hnsw");
  });

  test("find all of many equals, which no graph links", async () => {
    const index = await opened();
    const [one] = people(1);
    const entries = people(1500, 10);
    const equals = Array.from({ length: 120 }, (_, i) => ({
      id: `e${i}`,
      memberId: `e${i}`,
      vector: one?.vector ?? new Float32Array(),
    }));
    await index.add("n", [...entries, ...equals]);
    await index.settled();
    expect(index.describe("n").engine).toBe("hnsw");
    const { hits } = await index.search("n", [one?.vector ?? new Float32Array()], { k: 50 });
    const expected = equals
      .map(({ id }) => id)
      .sort()
      .slice(0, 50);
    expect(hits[0]?.map(({ id }) => id)).toEqual(expected);
  });

  test("answer searches among some members, and for many hits, exactly", async () => {
    const index = await opened({ recall: 0.5, m: 2, efConstruction: 10 });
    const entries = people(3000);
    await index.add("n", entries);
    await index.settled();
    const exact = exactIndex({ threads: 0 });
    await exact.open(space);
    await exact.add("n", entries);
    const queries = queriesOf(people(100, 90_000));
    for (const options of [{ k: 5, memberIds: ["m3", "m1400", "m77"] }, { k: 200 }]) {
      expect(await index.search("n", queries, options)).toEqual(await exact.search("n", queries, options));
    }
  });

  test("leave searches to the exact index while many rows are outside of them", async () => {
    const index = await opened({ recall: 0.5, m: 2, efConstruction: 10 });
    await using exact = exactIndex({ threads: 0 });
    await exact.open(space);
    const queries = queriesOf(people(100, 90_000));
    const bothAdd = async (entries: readonly IndexEntry[]): Promise<void> => {
      await exact.add("n", entries);
      await index.add("n", entries);
    };
    const isExact = async (): Promise<boolean> => {
      const [ours, theirs] = [await index.search("n", queries, { k: 5 }), await exact.search("n", queries, { k: 5 })];
      return JSON.stringify(ours.hits) === JSON.stringify(theirs.hits);
    };
    await bothAdd(people(3000));
    await index.settled();
    expect(await isExact()).toBe(false);
    await bothAdd(people(3000, 3000));
    expect(await isExact()).toBe(true);
    await index.settled();
    expect(index.describe("n").engine).toBe("hnsw");
    expect(await isExact()).toBe(false);
  });

  test.each([
    ["dies", "process.exit(1)"],
    ["answers with a failure", 'throw new Error("It failed.")'],
  ])("are dropped where their thread %s, and built again", async (_, fault) => {
    if (typeof library === "string") return;
    const where = mkdtempSync(join(tmpdir(), "facekit-failing-"));
    onTestFinished(() => rmSync(where, { recursive: true }));
    // hnswlib-node, of which one search fails when a file tells it to.
    const signal = join(where, "fail");
    writeFileSync(join(where, "package.json"), JSON.stringify({ version: library.version, main: "index.cjs" }));
    writeFileSync(
      join(where, "index.cjs"),
      `const { existsSync, rmSync } = require("node:fs");
      const { HierarchicalNSW } = require(${JSON.stringify(library.path)});
      exports.HierarchicalNSW = class extends HierarchicalNSW {
        searchKnn(...asked) {
          if (!existsSync(${JSON.stringify(signal)})) return super.searchKnn(...asked);
          rmSync(${JSON.stringify(signal)});
          ${fault};
        }
      };`,
    );
    let built = 0;
    const index = await opened({ hnswlib: where, onProgress: ({ done, total }) => (built += done === total ? 1 : 0) });
    const entries = people(1500);
    await index.add("n", entries);
    await index.settled();
    expect([index.describe("n").engine, built]).toEqual(["hnsw", 1]);
    writeFileSync(signal, "");
    expect(await recallOf(index, entries, queriesOf(entries))).toBe(1);
    expect(existsSync(signal)).toBe(false);
    await index.settled();
    expect([index.describe("n").engine, built]).toEqual(["hnsw", 2]);
    expect(await recallOf(index, entries, queriesOf(entries))).toBeGreaterThan(0.97);
  });
});

describe.skipIf(typeof library === "string")(`snapshots${typeof library === "string" ? `: ${library}` : ""}`, () => {
  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), "facekit-hnsw-"));
    onTestFinished(() => rmSync(made, { recursive: true }));
    return made;
  }

  async function openedStore(file: string, began: string[]): Promise<{ store: VectorStore; index: HnswIndex }> {
    const index = hnswIndex({ ...named, exactBelow: 100, threads: 0, onProgress: ({ task }) => began.push(task) });
    const store = createVectorStore({ records: sqliteStore(file).faceRecords, index });
    await store.open(space);
    return { store, index };
  }

  const records = people(6000).map((entry) => ({ ...entry, createdAt: new Date(1_760_000_000_000) }));
  const snapshotsIn = (where: string): string[] => readdirSync(where).filter((name) => name.includes("-index-"));

  test("bring the graph back, and hold nobody who was erased", async () => {
    const where = folder();
    const file = join(where, "members.db");
    const began: string[] = [];
    const first = await openedStore(file, began);
    await first.store.upsert("n", records);
    await first.store.search("n", queriesOf(records), { k: 1 });
    await first.index.settled();
    const before = first.index.describe("n");
    expect(before.engine).toBe("hnsw");
    await first.store[Symbol.asyncDispose]();
    const [snapshot = ""] = snapshotsIn(where);

    const built = began.length;
    const second = await openedStore(file, began);
    await second.index.settled();
    expect(second.index.describe("n")).toMatchObject({ engine: "hnsw", rows: 9000 });
    expect(began.length).toBe(built);
    const { matches } = await second.store.search("n", queriesOf(records), { k: 1 });
    expect(matches.flat().map(({ templateId }) => templateId)).toEqual(records.slice(0, 100).map(({ id }) => id));

    // Erasing takes the file away at once; the next one holds nothing of the member, nor does the graph.
    const gone = records[10];
    expect(holds(join(where, snapshot), gone?.vector)).toBe(true);
    await second.store.deleteMember("n", gone?.memberId ?? "");
    expect(snapshotsIn(where)).toEqual([]);
    await second.store.search("n", queriesOf(records), { k: 1 });
    await second.index.settled();
    await second.store[Symbol.asyncDispose]();
    const [next = ""] = snapshotsIn(where);
    expect(holds(join(where, next), records[20]?.vector)).toBe(true);
    expect(holds(join(where, next), gone?.vector)).toBe(false);
    expect(readFileSync(join(where, next)).includes(`"${gone?.id}"`)).toBe(false);

    // The removed rows are bridged: the graph comes back without them, and is as good.
    const third = await openedStore(file, began);
    await third.index.settled();
    expect(began.length).toBe(built);
    expect(third.index.describe("n")).toMatchObject({ engine: "hnsw", rows: 8997 });
    const again = await third.store.search("n", [gone?.vector ?? new Float32Array()], { k: 1 });
    expect(again.matches[0]?.[0]?.memberId).not.toBe(gone?.memberId);
    await third.store[Symbol.asyncDispose]();

    // Damaged: all is read from the records, and the graph built.
    const bytes = readFileSync(join(where, next));
    bytes[bytes.length - 1000] = (bytes[bytes.length - 1000] ?? 0) ^ 1;
    writeFileSync(join(where, next), bytes);
    const fourth = await openedStore(file, began);
    const found = await fourth.store.search("n", queriesOf(records.slice(20)), { k: 1 });
    expect(found.matches.flat().map(({ templateId }) => templateId)).toEqual(
      records.slice(20, 120).map(({ id }) => id),
    );
    await fourth.index.settled();
    expect(began.length).toBeGreaterThan(built);
    expect(fourth.index.describe("n").engine).toBe("hnsw");
    await fourth.store[Symbol.asyncDispose]();
  });

  function holds(file: string, vector: Float32Array | undefined): boolean {
    return vector !== undefined && readFileSync(file).includes(Buffer.from(vector.buffer));
  }

  async function saved(index: HnswIndex, meanwhile: () => Promise<void> = async () => undefined) {
    const pieces: Uint8Array[] = [];
    const saving = index.save?.(async (bytes) => void pieces.push(bytes.slice()));
    await meanwhile();
    expect(await saving).toBe(true);
    return pieces;
  }

  async function restored(pieces: Uint8Array[]): Promise<HnswIndex> {
    const index = await opened();
    await index.restore?.(async (target) => target.set(pieces.shift() ?? []));
    await index.settled();
    expect(index.describe("n").engine).toBe("hnsw");
    return index;
  }

  test("hold no row at the place of one that it replaced right before", async () => {
    const first = await opened();
    const entries = people(2000);
    await first.add("n", entries);
    await first.settled();
    const replaced = people(50, 50_000).map((entry, i) => ({ ...entry, id: `t${i}`, memberId: `m${i >> 1}` }));
    await first.add("n", replaced);
    const again = await restored(await saved(first));
    expect(await recallOf(again, [...replaced, ...entries.slice(50)], queriesOf(replaced))).toBeGreaterThan(0.97);
  });

  test("hold no mean at the place where it was before another template", async () => {
    const first = await opened();
    const entries = people(2000);
    await first.add("n", entries);
    await first.settled();
    // Another's face, six times, which draws the mean far away.
    const more = people(300, 50_000).map((entry, i) => ({
      id: entry.id,
      memberId: `m${Math.floor(i / 6)}`,
      vector: people(1, 50_000 + 2 * Math.floor(i / 6))[0]?.vector ?? entry.vector,
    }));
    const again = await restored(await saved(first, () => first.add("n", more)));
    const meansOf = people(50).flatMap((_, i) => {
      const own = [...entries.slice(2 * i, 2 * i + 2), ...more.slice(6 * i, 6 * i + 6)];
      return meanTemplate(own.map(({ vector }) => vector)) ?? [];
    });
    expect(await again.count("n")).toBe(2300);
    const { hits } = await again.search("n", meansOf, { k: 1 });
    expect(hits.map(([best]) => best)).toEqual(
      meansOf.map((_, i) => ({ memberId: `m${i}`, similarity: expect.closeTo(1, 6) })),
    );
  });

  test("take in at once what changes while the graphs of others are loaded", async () => {
    const first = await opened();
    const entries = people(2000);
    for (const namespace of ["before", "n"]) await first.add(namespace, entries);
    await first.settled();
    const pieces = await saved(first);
    const index = await opened();
    await index.restore?.(async (target) => target.set(pieces.shift() ?? []));
    const moved = entries.slice(0, 50).map(({ id, memberId }, i) => ({
      id,
      memberId,
      vector: people(1, 50_000 + 2 * i)[0]?.vector ?? new Float32Array(),
    }));
    await index.add("n", moved);
    await index.settled();
    expect(index.describe("n").engine).toBe("hnsw");
    expect(await recallOf(index, [...moved, ...entries.slice(50)], queriesOf(moved))).toBeGreaterThan(0.97);
  });

  test("leave no file behind in the temporary folder", async () => {
    const index = await opened();
    await index.add("n", people(500));
    await index.settled();
    const { TMPDIR } = process.env;
    process.env.TMPDIR = folder();
    onTestFinished(() => {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    });
    expect(await index.save?.(async () => undefined)).toBe(true);
    expect(readdirSync(process.env.TMPDIR)).toEqual([]);
  });
});

describe.skipIf(typeof library === "string")(`autoIndex${typeof library === "string" ? `: ${library}` : ""}`, () => {
  test("is exact below the size from which a graph may be faster, and says so", async () => {
    await using index = autoIndex(named);
    await index.open(space);
    await index.add("n", people(1000));
    await index.settled();
    expect(index.describe("n")).toMatchObject({
      engine: "exact",
      reason: expect.stringMatching(/it holds 1500 .* a graph begins at \d+/),
    });
  });
});

test.skipIf(typeof library === "string")(
  `a graph is dropped where the exact index is the faster one${typeof library === "string" ? `: ${library}` : ""}`,
  async () => {
    if (typeof library === "string") return;
    const told: string[] = [];
    const graph = { m: 16, efConstruction: 200, recall: 0.9, library, onProgress: () => told.push("built") };
    // So small that asking a thread takes many times as long as looking at all.
    await using index = graphIndex({ ...graph, id: "test", exactBelow: () => 100, onlyIfFaster: true, threads: 0 });
    await index.open(space);
    await index.add("n", people(100));
    await index.settled();
    expect(told.length).toBeGreaterThan(0);
    expect(index.describe("n")).toMatchObject({
      engine: "exact",
      reason: expect.stringMatching(/^exact search is the faster one here: [\d.]+ ms a query, the graph [\d.]+ ms at /),
    });
    // And not built again before it has doubled.
    const built = told.length;
    await index.add("n", people(60, 1000));
    await index.settled();
    expect(told.length).toBe(built);
    await index.add("n", people(60, 2000));
    await index.settled();
    expect(told.length).toBeGreaterThan(built);
  },
);

test.each([
  [{ recall: 1 }, /recall wants/],
  [{ recall: Number.NaN }, /recall wants/],
  [{ exactBelow: 0 }, /exactBelow wants/],
  [{ ef: 100 }, /no option "ef"/],
  [{ hnswlib: 3 }, /hnswlib wants/],
  [{ onChoice: "log" }, /onChoice wants a function/],
  [{ onProgress: {} }, /onProgress wants a function/],
])("refuses %j", (options: object, message) => {
  expect(() => hnswIndex(options)).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) }),
  );
});
