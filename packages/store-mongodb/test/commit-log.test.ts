import { inspect } from "node:util";
import type { FaceRecords } from "@facekit/core";
import { type Collection, type Db, MongoClient } from "mongodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type MongodbStore, mongodbStore, mongodbVectorStore } from "../src/index.js";
import { collect, recordOf, space, temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

interface Stored {
  readonly _id: string | number;
  readonly [field: string]: unknown;
}

interface Place {
  readonly templates: Collection<Stored>;
  readonly commits: Collection<Stored>;
  readonly database: Db;
  readonly store: MongodbStore;
  open(): Promise<FaceRecords>;
}

/** A new database, and what a process leaves in it that dies in the midst of a write. */
async function place(): Promise<Place> {
  const url = uri ?? "";
  const database = temporaryDatabase(url);
  const client = new MongoClient(url);
  onTestFinished(() => client.close());
  const store = mongodbStore({ client, database });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return {
    database: client.db(database),
    store,
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
  test("before its commit leaves nothing, and what it laid down goes after some hours", async () => {
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
    await at.templates.updateMany({}, { $set: { stagedAt: new Date(Date.now() - 3 * 3_600_000) } });
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
    await at.commits.updateOne({ _id: 2 }, { $set: { settled: false, erases: { kind: "member", member: "anna" } } });
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

describe.skipIf(uri === undefined)(`An erasure (${whereFrom})`, () => {
  test("also erases what a write left behind that was broken off", async () => {
    const erasures = [
      (records: FaceRecords) => records.delete("gym", { memberId: "anna" }),
      (records: FaceRecords) => records.delete("gym", { ids: ["1", "2", "3"] }),
      (records: FaceRecords) => records.deleteNamespace("gym"),
    ];
    for (const erase of erasures) {
      const at = await place();
      const records = await at.open();
      await records.put("gym", batch);
      await reopenLast(at);
      await at.commits.deleteMany({});
      await at.templates.deleteMany({ id: { $exists: false } });
      expect(await at.templates.countDocuments({ vector: { $exists: true } })).toBe(3);
      expect(await erase(records)).toMatchObject({ deleted: 0 });
      expect(await at.templates.countDocuments({})).toBe(0);
    }
  });

  test("of visits, too", async () => {
    const at = await place();
    await at.store.visits.append("gym", [
      { key: "1", memberId: "anna", at: new Date(1_760_000_000_000), timeZone: "UTC" },
      { key: "2", memberId: "ben", at: new Date(1_760_000_000_000), timeZone: "UTC" },
    ]);
    const [visits, commits] = ["visits", "visit-commits"].map((name) => at.database.collection(`facekit.${name}`));
    await visits?.updateMany({}, { $set: { state: "staged", stagedAt: new Date() } });
    await commits?.deleteMany({});
    expect(await at.store.visits.deleteMember("gym", "anna")).toBe(0);
    expect(await visits?.countDocuments({})).toBe(1);
  });

  test("beside a write loses nothing that is written after it", async () => {
    const at = await place();
    const [one, two] = [await at.open(), await at.open()];
    let writing = true;
    const erase = async (): Promise<void> => {
      while (writing) await one.delete("gym", { memberId: "anna" });
    };
    const write = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await two.put("gym", batch);
      writing = false;
    };
    await Promise.all([erase(), write()]);
    await two.put("gym", batch);
    expect(await ids(one)).toEqual(["anna/1", "anna/2", "anna/3"]);
    expect(await at.templates.countDocuments({ state: "staged" })).toBe(0);
    await one.delete("gym", { memberId: "anna" });
    expect(await at.templates.countDocuments({ vector: { $exists: true } })).toBe(0);
  });

  test("leaves no name of the member in the log", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("gym", batch);
    await records.delete("gym", { memberId: "anna" });
    await at.store.visits.append("gym", [
      { key: "1", memberId: "anna", at: new Date(1_760_000_000_000), timeZone: "UTC" },
    ]);
    await at.store.visits.deleteMember("gym", "anna");
    for (const { name } of await at.database.listCollections().toArray()) {
      expect(JSON.stringify(await at.database.collection(name).find().toArray())).not.toContain("anna");
    }
  });
});

describe.skipIf(uri === undefined)(`The log of commits (${whereFrom})`, () => {
  test("is kept short, and forgets no namespace", async () => {
    const at = await place();
    const records = await at.open();
    await records.put("pool", [recordOf("1", "anna")]);
    for (let i = 0; i < 100; i++) await records.put("gym", [recordOf("1", "anna", i)]);
    expect(await records.revision()).toBe(101);
    // Their writers may still look for them.
    expect(await at.commits.countDocuments({})).toBe(101);
    await at.commits.updateMany({}, { $set: { at: new Date(Date.now() - 3 * 3_600_000) } });
    for (let i = 0; i < 32; i++) await records.put("gym", [recordOf("1", "anna", i)]);
    expect(await at.commits.countDocuments({})).toBeLessThan(34);
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

  test("keeps vectors out of what it throws", async () => {
    const at = await place();
    const records = await at.open();
    await at.templates.createIndex({ member: 1 }, { unique: true });
    const error: unknown = await records.put("gym", batch).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "store-unavailable", cause: { code: 11000 } });
    expect(inspect(error, { depth: null, showHidden: true, maxArrayLength: null })).not.toMatch(/vector|Binary|Array/);
  });

  test("is found by pages of members through an index that tells all of them, in older databases too", async () => {
    const at = await place();
    const key = { namespace: 1, member: 1, state: 1, id: 1 };
    await at.templates.createIndex(key, { name: "by_member" });
    const records = await at.open();
    await records.put("gym", [...batch, recordOf("4", "ben", 4)]);
    expect((await collect(records.members("gym"))).map(({ templates }) => templates)).toEqual([3, 1]);
    const { members_in_order: made } = await at.templates.indexInformation({ full: false });
    expect(made).toEqual(Object.entries({ ...key, revision: 1, createdAt: 1 }));
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
  const url = "mongodb://127.0.0.1/";
  for (const database of ["", "a/b", "a b", "ä".repeat(32)]) {
    expect(() => mongodbStore({ url, database })).toThrow(/database wants/);
  }
  expect(() => mongodbStore({ url, timeoutMs: 0.5 })).toThrow(/timeoutMs wants an integer/);
  // As JavaScript may have it.
  const client: object = { client: {} };
  expect(() => mongodbStore({ ...client })).toThrow(/client wants a MongoClient/);
  const onProgress: object = { onProgress: 1 };
  expect(() => mongodbVectorStore({ url, ...onProgress })).toThrow(/onProgress wants a function/);
  const gone = mongodbStore({ url: "mongodb://127.0.0.1:9/", timeoutMs: 300 });
  onTestFinished(() => gone[Symbol.asyncDispose]());
  await expect(gone.faceRecords.open(space)).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  const misspelt = mongodbStore({ url: "mangodb://127.0.0.1/" });
  onTestFinished(() => misspelt[Symbol.asyncDispose]());
  await expect(misspelt.faceRecords.open(space)).rejects.toMatchObject({ code: "invalid-argument" });
});

test("the database is that of the connection string, also where that is the driver's own default", async () => {
  for (const [path, database] of [
    ["/", "facekit"],
    ["/?retryReads=true", "facekit"],
    ["/test", "test"],
    ["/gym?retryReads=true", "gym"],
  ]) {
    const store = mongodbStore({ url: `mongodb://127.0.0.1:9${path}`, timeoutMs: 100 });
    await expect(store.members.get("gym", "anna")).rejects.toThrow(`"${database}"`);
    await store[Symbol.asyncDispose]();
  }
});
