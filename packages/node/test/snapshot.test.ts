import { mkdtemp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVectorStore, type EmbeddingSpace, type FaceRecord, normalize, type VectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { sqliteStore } from "@facekit/store-sql";
import { expect, test } from "vitest";

const space: EmbeddingSpace = { id: "s", dimensions: 8, metric: "cosine" };
const many = 6000;

function vector(seed: number): Float32Array {
  return normalize(Float32Array.from({ length: space.dimensions }, (_, i) => Math.sin(seed * 7.13 + i * (seed + 1.7))));
}

function templates(count: number, from = 0): FaceRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `t${from + i}`,
    memberId: `m${from + i}`,
    vector: vector(from + i),
    createdAt: new Date(0),
  }));
}

/** A store over the file, and how many changes it has read from the records. */
function open(file: string): { store: VectorStore; readonly changes: number } {
  const records = sqliteStore(file).faceRecords;
  const opened = { changes: 0, store: createVectorStore({ records: { ...records, changes }, index: exactIndex() }) };
  async function* changes(since: number) {
    for await (const change of records.changes(since)) {
      opened.changes++;
      yield change;
    }
  }
  return opened;
}

const probes = Array.from({ length: 12 }, (_, i) => vector(i * 501));

/** What a store finds when it is opened and closed, and how many changes it read for that. */
async function visit(file: string): Promise<{ matches: unknown; changes: number }> {
  const opened = open(file);
  await using store = opened.store;
  await store.open(space);
  return { matches: (await store.search("gym", probes, { k: 4 })).matches, changes: opened.changes };
}

async function filled(count = many): Promise<{ file: string; matches: unknown }> {
  const file = join(await mkdtemp(join(tmpdir(), "facekit-snapshot-")), "members.db");
  await using store = open(file).store;
  await store.open(space);
  for (let from = 0; from < count; from += 3000)
    await store.upsert("gym", templates(Math.min(3000, count - from), from));
  return { file, matches: (await store.search("gym", probes, { k: 4 })).matches };
}

async function snapshotOf(file: string): Promise<string | undefined> {
  const folder = join(file, "..");
  const [name] = (await readdir(folder)).filter((entry) => entry.includes("-index-"));
  return name && join(folder, name);
}

test("a large store opens from its snapshot and reads no record again", async () => {
  const { file, matches } = await filled();
  expect(await snapshotOf(file)).toBeDefined();
  expect(await visit(file)).toEqual({ matches, changes: 0 });
});

test.each(["whole", "cut"])(
  "a search that does not wait for opening loses nothing, beside a %s snapshot",
  async (state) => {
    const { file, matches } = await filled();
    const snapshot = await snapshotOf(file);
    if (state === "cut" && snapshot !== undefined) await truncate(snapshot, 20_000);
    await using store = open(file).store;
    const opening = store.open(space);
    expect((await store.search("gym", probes, { k: 4 })).matches).toEqual(matches);
    await opening;
    expect((await store.search("gym", probes, { k: 4 })).matches).toEqual(matches);
  },
);

test("a small store writes no snapshot", async () => {
  const { file, matches } = await filled(4000);
  expect(await visit(file)).toEqual({ matches, changes: 4000 });
  expect(await snapshotOf(file)).toBe(undefined);
});

test("a snapshot that is behind is caught up", async () => {
  const { file } = await filled();
  {
    await using store = open(file).store;
    await store.open(space);
    await store.upsert("gym", [{ id: "new", memberId: "new", vector: probes[3] ?? vector(0), createdAt: new Date(0) }]);
  }
  const opened = open(file);
  await using store = opened.store;
  await store.open(space);
  const { matches } = await store.search("gym", probes.slice(3, 4), { k: 2 });
  expect(matches[0]?.map(({ memberId }) => memberId).sort()).toEqual(["m1503", "new"]);
  expect(opened.changes).toBe(1);
});

test("a damaged or cut snapshot is passed over, and the next one is whole", async () => {
  const { file, matches } = await filled();
  const original = await readFile((await snapshotOf(file)) ?? "");
  const offsets = Array.from({ length: 30 }, (_, i) => Math.floor(((i + 0.5) / 30) * original.length));
  const damages: ((path: string) => Promise<void>)[] = [
    ...[0, 1, 4, 8, 40, original.length - 1, ...offsets].map((at) => async (path: string) => {
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
      await writeFile(path, bytes);
    }),
    ...[0, 3, 5, 100, original.length - 1, Math.floor(original.length / 2)].map(
      (length) => (path: string) => truncate(path, length),
    ),
  ];
  for (const damage of damages) {
    await damage((await snapshotOf(file)) ?? "");
    expect(await visit(file)).toEqual({ matches, changes: many });
    expect(await visit(file)).toEqual({ matches, changes: 0 });
  }
}, 120_000);

test("an erasure deletes the snapshot before it is acknowledged; closing writes another", async () => {
  const { file } = await filled();
  const store = open(file).store;
  await store.open(space);
  expect(await snapshotOf(file)).toBeDefined();
  await store.deleteMember("gym", "m501");
  expect(await snapshotOf(file)).toBe(undefined);
  await store[Symbol.asyncDispose]();
  const vectorBytes = Buffer.from(vector(501).buffer);
  expect((await readFile((await snapshotOf(file)) ?? "")).includes(Buffer.from(vector(502).buffer))).toBe(true);
  expect((await readFile((await snapshotOf(file)) ?? "")).includes(vectorBytes)).toBe(false);

  const again = open(file);
  await using next = again.store;
  await next.open(space);
  const { matches } = await next.search("gym", probes.slice(1, 2), { k: 1 });
  expect(matches[0]?.[0]?.memberId).not.toBe("m501");
  expect(again.changes).toBe(0);
});

test("an erasure by another process deletes the snapshot of both", async () => {
  const { file } = await filled();
  await using store = open(file).store;
  await store.open(space);
  {
    const records = sqliteStore(file).faceRecords;
    await records.open(space);
    await records.delete("gym", { memberId: "m501" });
    expect(await snapshotOf(file)).toBe(undefined);
    await records[Symbol.asyncDispose]();
  }
  const { matches } = await store.search("gym", probes.slice(1, 2), { k: 1 });
  expect(matches[0]?.[0]?.memberId).not.toBe("m501");
});
