import type { FaceRecords } from "@facekit/core";
import { type Collection, MongoClient } from "mongodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { mongodbStore } from "../src/index.js";
import { collect, recordOf, space, temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

interface Stored {
  readonly _id: string | number;
  readonly [field: string]: unknown;
}

interface Place {
  readonly templates: Collection<Stored>;
  readonly commits: Collection<Stored>;
  open(): Promise<FaceRecords>;
}

/** A new database, and what a process leaves in it that dies in the midst of a write. */
async function place(): Promise<Place> {
  const url = uri ?? "";
  const database = temporaryDatabase(url);
  const client = new MongoClient(url);
  onTestFinished(() => client.close());
  return {
    templates: client.db(database).collection<Stored>("facekit.templates"),
    commits: client.db(database).collection<Stored>("facekit.commits"),
    async open() {
      const store = mongodbStore({ client, database });
      onTestFinished(() => store[Symbol.asyncDispose]());
      await store.faceRecords.open(space);
      return store.faceRecords;
    },
  };
}

const batch = [1, 2, 3].map((n) => recordOf(`${n}`, "anna", n));
const ids = async (records: FaceRecords): Promise<string[]> =>
  (await collect(records.scan())).map(({ id, memberId }) => `${memberId}/${id}`);

/** Puts the last write back to where its commit was inserted, and nothing done of it. */
async function reopenLast({ templates, commits }: Place): Promise<void> {
  const [last] = await commits.find().sort({ _id: -1 }).limit(1).toArray();
  await commits.updateOne({ _id: last?._id ?? 0 }, { $set: { settled: false } });
  for (const of of [last?.batch, last?.meansBatch]) {
    await templates.updateMany(
      { batch: of },
      { $set: { state: "staged", stagedAt: new Date() }, $unset: { revision: "", shownAt: "" } },
    );
  }
}

describe.skipIf(uri === undefined)(`A writer that dies (${whereFrom})`, () => {
  test("before its commit leaves nothing, and what it laid down goes after a day", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("gym", batch);
    await reopenLast(at);
    await at.commits.deleteMany({});
    expect(await records.revision()).toBe(0);
    expect(await ids(records)).toEqual([]);
    expect(await collect(records.changes(0))).toEqual([]);
    await at.open();
    expect(await at.templates.countDocuments({ state: "staged" })).toBe(4);
    await at.templates.updateMany({}, { $set: { stagedAt: new Date(Date.now() - 25 * 3_600_000) } });
    await at.open();
    expect(await at.templates.countDocuments({})).toBe(0);
  });

  test("after its commit leaves everything: whoever comes next carries it out, reader or writer", async () => {
    for (const next of ["revision", "scan", "changes", "members", "put"] as const) {
      const at = await place();
      const records = await at.open();
      await records.put("gym", batch);
      await records.put("gym", [recordOf("1", "ben", 9)]);
      await reopenLast(at);
      const other = await at.open();
      if (next === "put") await other.put("gym", [recordOf("4", "cleo", 4)]);
      else if (next === "revision") expect(await other.revision()).toBe(2);
      else if (next === "scan") expect(await collect(other.scan())).toHaveLength(3);
      else if (next === "changes") expect((await collect(other.changes(0))).map((c) => c.revision)).toEqual([1, 1, 2]);
      else expect((await collect(other.members("gym"))).map(({ templates }) => templates)).toEqual([2, 1]);
      expect((await ids(records)).sort()).toEqual(["anna/2", "anna/3", "ben/1", ...(next === "put" ? ["cleo/4"] : [])]);
      expect(await at.commits.countDocuments({ settled: false })).toBe(0);
      expect(await at.templates.countDocuments({ state: "mean" })).toBe(1);
    }
  });

  test("while it erased leaves nothing of what it erased, the means neither", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("gym", batch);
    const kept = await at.templates.find({ vector: { $exists: true } }).toArray();
    await records.delete("gym", { memberId: "anna" });
    expect(await at.templates.countDocuments({ vector: { $exists: true } })).toBe(0);
    await at.templates.deleteMany({});
    await at.templates.insertMany(kept);
    await at.commits.updateOne({ _id: 2 }, { $set: { settled: false } });
    const other = await at.open();
    expect(await other.revision()).toBe(2);
    expect(await ids(other)).toEqual([]);
    expect(await at.templates.countDocuments({ vector: { $exists: true } })).toBe(0);
    expect((await collect(other.changes(1))).map(({ kind }) => kind)).toEqual(["delete", "delete", "delete"]);
  });

  test("and whose documents were swept away leaves nothing", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("gym", batch);
    await reopenLast(at);
    await at.templates.deleteOne({ id: "2" });
    expect(await ids(records)).toEqual([]);
    expect(await records.revision()).toBe(1);
    expect(await at.templates.countDocuments({})).toBe(0);
    await records.put("gym", batch);
    expect(await ids(records)).toEqual(["anna/1", "anna/2", "anna/3"]);
  });

  test("and whose insert arrives below the last commit does not count", async () => {
    const at = await place();
    const records = await at.open();
    for (const n of [1, 2, 3]) await records.put("gym", [recordOf(`${n}`, "anna", n)]);
    const late = await at.templates.findOne({ id: "3" });
    await at.templates.insertOne({ ...late, _id: "late/0", id: "late", batch: "late", state: "staged" });
    await at.templates.updateOne({ _id: "late/0" }, { $unset: { revision: "", shownAt: "" } });
    await at.commits.deleteOne({ _id: 1 });
    await at.commits.insertOne({ _id: 1, batch: "late", namespace: "gym", settled: false, puts: 1, removes: [] });
    expect(await records.revision()).toBe(3);
    await records.put("gym", [recordOf("4", "anna", 4)], { ifRevision: 3 });
    expect(await ids(records)).toEqual(["anna/1", "anna/2", "anna/3", "anna/4"]);
  });
});

describe.skipIf(uri === undefined)(`The log of commits (${whereFrom})`, () => {
  test("is kept short, and forgets no namespace", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("pool", [recordOf("1", "anna")]);
    for (let i = 0; i < 100; i++) await records.put("gym", [recordOf("1", "anna", i)]);
    expect(await records.revision()).toBe(101);
    expect(await at.commits.countDocuments({})).toBeLessThan(101);
    expect(await at.commits.countDocuments({ namespace: "pool" })).toBe(1);
    await expect(records.put("pool", [recordOf("2", "ben")], { ifRevision: 0 })).rejects.toMatchObject({
      code: "conflict",
      details: { namespace: "pool", revision: 1 },
    });
    await records.put("pool", [recordOf("2", "ben")], { ifRevision: 1 });
  });

  test("leaves nothing of a write that was refused", async () => {
    const at = await place();
    const [one, two] = [await at.open(), await at.open()];
    await one.put("gym", batch);
    const races = await Promise.allSettled(
      [one, two].map((records, i) => records.put("gym", [recordOf(`r${i}`, "anna", 5)], { ifRevision: 1 })),
    );
    expect(races.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await at.templates.countDocuments({ state: "staged" })).toBe(0);
    expect(await at.templates.countDocuments({ state: "mean" })).toBe(1);
  });

  test("shows damage to a template as such", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("gym", batch);
    await at.templates.updateOne({ id: "2" }, { $set: { member: "ben" } });
    await expect(collect(records.scan())).rejects.toMatchObject({ code: "store-corrupt" });
    await expect(collect(records.changes(0))).rejects.toMatchObject({ code: "store-corrupt" });
  });
});

test("options are checked, and a server that is not there is told of", async () => {
  expect(() => mongodbStore({})).toThrow(/one of url and client/);
  const gone = mongodbStore({ url: "mongodb://127.0.0.1:9/", timeoutMs: 300 });
  onTestFinished(() => gone[Symbol.asyncDispose]());
  await expect(gone.faceRecords.open(space)).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  const odd = mongodbStore({ url: "mangodb://127.0.0.1/" });
  onTestFinished(() => odd[Symbol.asyncDispose]());
  await expect(odd.faceRecords.open(space)).rejects.toMatchObject({ code: "invalid-argument" });
});
