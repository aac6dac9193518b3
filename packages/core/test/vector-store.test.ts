import { expect, test } from "vitest";
import { memoryFaceRecords } from "../src/memory/face-records.js";
import type { EmbeddingSpace } from "../src/spec/embedder.js";
import type { FaceRecord, FaceRecords } from "../src/spec/face-records.js";
import { createVectorStore } from "../src/vector-store.js";
import { plainIndex } from "./plain-index.js";

const space: EmbeddingSpace = { id: "s", dimensions: 2, metric: "cosine" };
const tilted = (cosine: number): Float32Array => Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine));
const record = (id: string, memberId: string, cosine = 1): FaceRecord => ({
  id,
  memberId,
  vector: tilted(cosine),
  createdAt: new Date(0),
});

async function openStore(index = plainIndex()) {
  const records = memoryFaceRecords();
  const store = createVectorStore({ records, index });
  await store.open(space);
  const find = async (k: number): Promise<string[]> =>
    ((await store.search("n", [tilted(1)], { k })).matches[0] ?? []).map(({ memberId }) => memberId);
  return { records, index, store, find };
}

test("loads what the records held before it was opened", async () => {
  const records = memoryFaceRecords();
  await records.open(space);
  await records.put("n", [record("1", "ann")]);
  const store = createVectorStore({ records, index: plainIndex() });
  await store.open(space);
  expect((await store.search("n", [tilted(1)], { k: 1 })).matches).toMatchObject([[{ memberId: "ann" }]]);
});

test("catches up with writes that went to the records directly, as by another process", async () => {
  const { records, find } = await openStore();
  await records.put("n", [record("1", "ann", 0.9), record("2", "bob", 0.8)]);
  expect(await find(5)).toEqual(["ann", "bob"]);
  await records.delete("n", { memberId: "ann" });
  await records.put("n", [record("2", "bea", 0.7), record("3", "cho", 0.6)]);
  expect(await find(5)).toEqual(["bea", "cho"]);
  await records.deleteNamespace("n");
  expect(await find(5)).toEqual([]);
});

test("asks once for the changes of a write that changed nothing", async () => {
  const memory = memoryFaceRecords();
  let [asked, empty] = [0, 0];
  // As records whose log counts a write that came to nothing.
  const records: FaceRecords = {
    ...memory,
    revision: async () => (await memory.revision()) + empty,
    changes(since) {
      asked++;
      return memory.changes(since);
    },
  };
  const store = createVectorStore({ records, index: plainIndex() });
  await store.open(space);
  await records.put("n", [record("1", "ann")]);
  empty = 1;
  asked = 0;
  for (let i = 0; i < 3; i++) {
    const { matches, revision } = await store.search("n", [tilted(1)], { k: 1 });
    expect({ matches, revision }).toMatchObject({ matches: [[{ memberId: "ann" }]], revision: 2 });
  }
  expect(asked).toBe(1);
});

test("catches up in batches over namespaces", async () => {
  const { records, index, find } = await openStore();
  for (let i = 0; i < 6; i++) {
    await records.put(
      `n${i % 2}`,
      Array.from({ length: 700 }, (_, j) => record(`${i}-${j}`, `m${j}`, 0.1)),
    );
  }
  await records.delete("n1", { ids: ["1-0"] });
  await find(1);
  expect([await index.count("n0"), await index.count("n1")]).toEqual([2100, 2099]);
});

test("tries again what the index failed to take", async () => {
  const index = plainIndex();
  let failures = 1;
  const { records, find } = await openStore({
    ...index,
    add: async (namespace, entries) => {
      if (failures-- > 0) throw new Error("no memory");
      await index.add(namespace, entries);
    },
  });
  await records.put("n", [record("1", "ann")]);
  await expect(find(1)).rejects.toThrow("no memory");
  expect(await find(1)).toEqual(["ann"]);
});

test("goes deeper until it has k members however templates crowd", async () => {
  const { store, find } = await openStore();
  const crowd = Array.from({ length: 500 }, (_, i) => record(`a${i}`, "ann", 0.99 - i / 2000));
  await store.upsert("n", [...crowd, record("b", "bob", 0.2), record("c", "cho", 0.1)]);
  expect(await find(1)).toEqual(["ann"]);
  expect(await find(3)).toEqual(["ann", "bob", "cho"]);
  expect(await find(9)).toEqual(["ann", "bob", "cho"]);
});

test("a member is as near as the nearest template or the mean, whichever is nearer, and a mean counts as a comparison", async () => {
  const { store } = await openStore();
  const mirrored = { ...record("2", "ann"), vector: Float32Array.of(0.6, -0.8) };
  await store.upsert("n", [record("1", "ann", 0.6), mirrored, record("3", "bob", 0.9), record("4", "bob", 0.9)]);
  const { matches, comparisons } = await store.search("n", [tilted(1)], { k: 3 });
  // Of equals the template is named.
  expect(matches).toEqual([
    [
      { memberId: "ann", similarity: expect.closeTo(1, 6) },
      { memberId: "bob", similarity: expect.closeTo(0.9, 6), templateId: "3" },
    ],
  ]);
  expect(comparisons).toBe(6);
  const among = await store.search("n", [tilted(1)], { k: 1, memberIds: ["ann"] });
  expect(among.matches).toEqual([[{ memberId: "ann", similarity: expect.closeTo(1, 6) }]]);
  expect(among.comparisons).toBeUndefined();
});

test("tells the comparisons of the very search, though others bring the index up to date meanwhile", async () => {
  const index = plainIndex();
  const { records, store } = await openStore({
    ...index,
    search: async (namespace, queries, options) => {
      await index.add(namespace, [record("2", "bob", 0.5)]);
      return index.search(namespace, queries, options);
    },
  });
  await records.put("n", [record("1", "ann")]);
  const { matches, comparisons } = await store.search("n", [tilted(1)], { k: 2 });
  expect(matches[0]).toHaveLength(2);
  expect(comparisons).toBe(2);
});

test("breaks ties by member id even where template ids would cut them off", async () => {
  const { store, find } = await openStore();
  await store.upsert(
    "n",
    Array.from({ length: 20 }, (_, i) => record(String.fromCharCode(97 + i), `m${String(19 - i).padStart(2, "0")}`)),
  );
  expect(await find(1)).toEqual(["m00"]);
  expect(await find(3)).toEqual(["m00", "m01", "m02"]);
});

test("refuses another space while open, and may be opened after a failure", async () => {
  const { records, store } = await openStore();
  await expect(store.open({ ...space, id: "t" })).rejects.toMatchObject({ code: "space-mismatch" });
  await expect(store.open({ ...space, dimensions: 3 })).rejects.toMatchObject({ code: "space-mismatch" });
  await store.open(space);
  const second = createVectorStore({ records, index: plainIndex() });
  await expect(second.open({ ...space, id: "t" })).rejects.toMatchObject({ code: "space-mismatch" });
  await second.open(space);
});

test("wants open first", async () => {
  const store = createVectorStore({ records: memoryFaceRecords(), index: plainIndex() });
  await expect(store.upsert("n", [])).rejects.toThrow(/Call open/);
  await expect(store.search("n", [], { k: 1 })).rejects.toThrow(/Call open/);
});

test("opens once for many callers at a time", async () => {
  const index = plainIndex();
  let opened = 0;
  const store = createVectorStore({
    records: memoryFaceRecords(),
    index: {
      ...index,
      open: async (wanted) => {
        opened++;
        await index.open(wanted);
      },
    },
  });
  await Promise.all([store.open(space), store.open(space), store.open(space)]);
  expect(opened).toBe(1);
});

test("a search tells the revision that it saw, for a conditional write", async () => {
  const { store, records } = await openStore();
  const { revision } = await store.search("n", [tilted(1)], { k: 1 });
  await records.put("n", [record("1", "ann")]);
  await expect(store.upsert("n", [record("2", "bob")], { ifRevision: revision })).rejects.toMatchObject({
    code: "conflict",
  });
});

test("saves what its index did at length; after a try in vain not before much has changed, or it is closed", async () => {
  const kept: (number | undefined)[] = [];
  const index = { ...plainIndex(), hasUnsavedWork: false, isReplacing: false, save: async () => !index.isReplacing };
  const records: FaceRecords = {
    ...memoryFaceRecords(),
    snapshots: {
      open: async () => undefined,
      async keep(save) {
        kept.push(await save(async () => undefined));
        return kept.at(-1) !== undefined;
      },
    },
  };
  const store = createVectorStore({ records, index });
  await store.open(space);
  const grow = (from: number) =>
    store.upsert(
      "n",
      Array.from({ length: 5000 }, (_, i) => record(`${from + i}`, `${from + i}`, 0.5)),
    );
  const search = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      // In an empty namespace, which is quick: the index catches up with all.
      await store.search("other", [tilted(1)], { k: 1 });
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  await grow(0);
  await search(3);
  expect(kept).toEqual([1]);
  index.hasUnsavedWork = true;
  index.isReplacing = true;
  await search(20);
  expect(kept).toEqual([1, undefined]);
  index.isReplacing = false;
  await search(3);
  expect(kept).toEqual([1, undefined]);
  await grow(5000);
  await search(3);
  expect(kept).toEqual([1, undefined, 2]);
  await store[Symbol.asyncDispose]();
  expect(kept).toEqual([1, undefined, 2, 2]);
});
