import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type FaceRecord, isFaceKitError } from "@facekit/core";
import { describe, expect, test } from "vitest";
import { sqliteStore } from "../src/index.js";
import { collect, openStore, recordOf, space, temporaryFile, vectorOf } from "./support.js";

describe("what was put", () => {
  test("comes back unchanged after the file was closed and opened", async () => {
    const file = temporaryFile();
    const record: FaceRecord = { ...recordOf("t1", "anna", 3), source: "anna/1.jpg" };
    {
      await using store = sqliteStore(file);
      await store.faceRecords.open(space);
      expect(await store.faceRecords.put("gym", [record])).toEqual({ revision: 1 });
    }
    const { faceRecords } = await openStore(file);
    expect(await faceRecords.revision()).toBe(1);
    expect(await collect(faceRecords.scan())).toEqual([{ ...record, namespace: "gym" }]);
    expect(await collect(faceRecords.scan("other"))).toEqual([]);
    expect(await collect(faceRecords.changes(0))).toEqual([
      { kind: "put", revision: 1, record: { ...record, namespace: "gym" } },
    ]);
    expect(await collect(faceRecords.members("gym"))).toEqual([
      {
        memberId: "anna",
        templates: 1,
        enrolledAt: record.createdAt,
        lastEnrolledAt: record.createdAt,
        templateIds: ["t1"],
      },
    ]);
  });

  test("replaces the record of the same id, also under another member", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    await faceRecords.put("gym", [recordOf("t1", "anna", 1), recordOf("t2", "anna", 2)]);
    await faceRecords.put("gym", [recordOf("t1", "ben", 3)]);
    const changes = await collect(faceRecords.changes(0));
    expect(changes.map(({ revision }) => revision)).toEqual([1, 2]);
    expect((await collect(faceRecords.members("gym"))).map(({ memberId }) => memberId)).toEqual(["anna", "ben"]);
  });

  test("is a copy: later changes of the caller's array do not reach the store", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    const record = recordOf("t1", "anna", 1);
    const written = faceRecords.put("gym", [record]);
    record.vector.fill(0);
    await written;
    expect((await collect(faceRecords.scan())).map(({ vector }) => vector)).toEqual([vectorOf(1)]);
  });

  test("is scanned whole over many pages, by namespace and in all", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    const batch = Array.from({ length: 1300 }, (_, i) => recordOf(`t${i}`, `m${i % 600}`, i));
    await faceRecords.put("a", batch);
    await faceRecords.put("b", batch.slice(0, 512));
    expect(new Set((await collect(faceRecords.scan("a"))).map(({ id }) => id)).size).toBe(1300);
    expect(await collect(faceRecords.scan())).toHaveLength(1812);
    expect(await collect(faceRecords.changes(0))).toHaveLength(1812);
    expect(await collect(faceRecords.changes(1))).toHaveLength(512);
    expect(await collect(faceRecords.members("a"))).toHaveLength(600);
  });

  test("lists members in code-unit order, whatever the characters", async () => {
    const { faceRecords, members, visits } = await openStore(temporaryFile());
    const ids = ["b", "a", "\uFFFF", "\uFFFE", "\uE000", "\u{1F600}", "\u{10FFFF}", "\u{10FFFF}\uE000", "\u{10FFFF}a"];
    ids.push("\uFF5E1", "\uFF5E", "\uD7FF", "é", "\uFEFFx", "ab");
    await faceRecords.put(
      "\uFF5E",
      ids.map((id, i) => recordOf(`t\uFFFF${i}`, id, i)),
    );
    for (const id of ids) await members.put("gym", { id });
    await visits.append(
      "gym",
      ids.map((id) => ({ key: id, memberId: id, at: new Date(0), timeZone: "UTC" })),
    );
    const sorted = [...ids].sort();
    expect((await collect(faceRecords.members("\uFF5E"))).map(({ memberId }) => memberId)).toEqual(sorted);
    expect((await collect(members.list("gym"))).map(({ id }) => id)).toEqual(sorted);
    expect((await collect(visits.query("gym"))).map(({ key }) => key)).toEqual(sorted);
  });
});

describe("deletion", () => {
  test("is told as a change until the id is put again", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    await faceRecords.put("gym", [recordOf("t1", "anna"), recordOf("t2", "anna"), recordOf("t3", "ben")]);
    expect(await faceRecords.delete("gym", { memberId: "anna" })).toEqual({ deleted: 2, revision: 2 });
    expect(await faceRecords.delete("gym", { ids: ["t1", "t3", "t3", "none"] })).toEqual({ deleted: 1, revision: 3 });
    expect(await faceRecords.delete("gym", { ids: ["t1"] })).toEqual({ deleted: 0, revision: 3 });
    await faceRecords.put("gym", [recordOf("t1", "anna")]);
    expect((await collect(faceRecords.changes(1))).map(({ kind, revision }) => [kind, revision])).toEqual([
      ["delete", 2],
      ["delete", 3],
      ["put", 4],
    ]);
    expect(await faceRecords.deleteNamespace("gym")).toEqual({ deleted: 1, revision: 5 });
    expect(await collect(faceRecords.scan())).toEqual([]);
  });

  test("leaves nothing of the template in the files, while the store is still open", async () => {
    const file = temporaryFile();
    const { faceRecords } = await openStore(file);
    await faceRecords.put("gym", [recordOf("t1", "anna", 1), recordOf("t2", "ben", 2)]);
    expect(holds(filesOf(file), vectorOf(1))).toBe(true);
    await faceRecords.delete("gym", { memberId: "anna" });
    expect(holds(filesOf(file), vectorOf(1))).toBe(false);
    expect(holds(filesOf(file), vectorOf(2))).toBe(true);
  });
});

test("nothing of old templates is left in the file after much coming and going", async () => {
  const file = temporaryFile();
  const { faceRecords } = await openStore(file);
  const live = new Map<string, number>();
  const gone: number[] = [];
  let seeds = 1;
  const put = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      const old = live.get(id);
      if (old !== undefined) gone.push(old);
      live.set(id, seeds++);
    }
    const records = ids.map((id) => recordOf(id, `m-${id}`, live.get(id)));
    await faceRecords.put("gym", records);
  };
  for (let round = 0; round < 20; round++) {
    await put(Array.from({ length: 40 }, (_, i) => `${(round * 17 + i) % 300}`));
    const ids = [...live.keys()].filter((_, i) => (i + round) % 3 === 0);
    await faceRecords.delete("gym", { ids });
    for (const id of ids) {
      gone.push(live.get(id) ?? 0);
      live.delete(id);
    }
  }
  const files = filesOf(file);
  expect(gone.filter((seed) => holds(files, vectorOf(seed)))).toEqual([]);
  expect([...live.values()].every((seed) => holds(files, vectorOf(seed)))).toBe(true);
}, 60_000);

describe("two stores on one file", () => {
  test("see each other's writes, and a write upon an old state conflicts", async () => {
    const file = temporaryFile();
    const one = (await openStore(file)).faceRecords;
    const two = (await openStore(file)).faceRecords;
    const { revision } = await one.put("gym", [recordOf("t1", "anna")]);
    expect(await two.revision()).toBe(revision);
    await two.put("gym", [recordOf("t2", "ben")]);
    expect(await collect(one.changes(revision))).toMatchObject([{ kind: "put", record: { id: "t2" } }]);
    await expect(one.put("gym", [recordOf("t3", "cleo")], { ifRevision: revision })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await collect(two.scan())).toHaveLength(2);
    // Another namespace did not change.
    await one.put("pool", [recordOf("t3", "cleo")], { ifRevision: revision });
    await one.put("gym", [recordOf("t3", "cleo")], { ifRevision: await two.revision() });
  });

  test("write at the same time without losing a revision", async () => {
    const file = temporaryFile();
    const stores = [await openStore(file), await openStore(file)];
    const revisions = await Promise.all(
      Array.from({ length: 40 }, (_, i) => stores[i % 2]?.faceRecords.put("gym", [recordOf(`t${i}`, "anna", i)])),
    );
    expect(new Set(revisions.map((written) => written?.revision)).size).toBe(40);
  });
});

describe("refusals", () => {
  test("another space, naming both", async () => {
    const file = temporaryFile();
    await openStore(file);
    const store = sqliteStore(file);
    const opening = store.faceRecords.open({ id: "other/2", dimensions: 128, metric: "cosine" });
    await expect(opening).rejects.toMatchObject({ code: "space-mismatch" });
    await expect(opening).rejects.toThrow(/test\/1.*other\/2.*same models/);
    await expect(store.faceRecords.open({ ...space, dimensions: 64 })).rejects.toMatchObject({
      code: "space-mismatch",
    });
    await store.faceRecords.open(space);
    await store[Symbol.asyncDispose]();
  });

  test("vectors that fit no template: the batch is not written, and the error does not show them", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    const wrong = [new Float32Array(128), vectorOf(1).subarray(1), vectorOf(1).with(3, Number.NaN)];
    for (const vector of wrong) {
      const put = faceRecords.put("gym", [recordOf("t1", "anna"), { ...recordOf("t2", "anna"), vector }]);
      await expect(put).rejects.toMatchObject({ code: "invalid-vector" });
    }
    expect(await collect(faceRecords.scan())).toEqual([]);
  });

  test("values that would come back changed", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    for (const change of [{ id: "" }, { memberId: "a\0" }, { source: "a\0b" }, { source: "\uD800" }]) {
      const put = faceRecords.put("gym", [{ ...recordOf("t1", "anna"), ...change }]);
      await expect(put).rejects.toMatchObject({ code: "invalid-argument" });
    }
    const undated = { ...recordOf("t1", "anna"), createdAt: new Date(Number.NaN) };
    await expect(faceRecords.put("gym", [undated])).rejects.toMatchObject({ code: "invalid-argument" });
  });

  test("use before open and after close", async () => {
    const unopened = sqliteStore(temporaryFile());
    await unopened[Symbol.asyncDispose]();
    await expect(unopened.faceRecords.revision()).rejects.toMatchObject({ code: "closed" });

    const store = sqliteStore(temporaryFile());
    await expect(store.faceRecords.revision()).rejects.toMatchObject({ code: "invalid-argument" });
    await store.faceRecords.open(space);
    await store.faceRecords[Symbol.asyncDispose]();
    await store.faceRecords[Symbol.asyncDispose]();
    await expect(store.faceRecords.revision()).rejects.toMatchObject({ code: "closed" });
    await expect(collect(store.faceRecords.scan())).rejects.toMatchObject({ code: "closed" });
    // The other parts live on until they are closed too.
    await store.members.put("gym", { id: "anna" });
    await store[Symbol.asyncDispose]();
    await expect(store.members.get("gym", "anna")).rejects.toMatchObject({ code: "closed" });
    await expect(store.visits.append("gym", [])).rejects.toMatchObject({ code: "closed" });
  });

  test("an aborted signal, with its reason", async () => {
    const { faceRecords } = await openStore(temporaryFile());
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(faceRecords.put("gym", [recordOf("t1", "anna")], { signal })).rejects.toBe(reason);
    await expect(collect(faceRecords.scan(undefined, { signal }))).rejects.toBe(reason);
    expect(await faceRecords.revision()).toBe(0);
  });

  test("paths that are none", () => {
    for (const path of ["", ":memory:"]) {
      expect(() => sqliteStore(path)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    }
    const misspelt = { busyTimeoutMs: 1, busyTimeout: 1 };
    expect(() => sqliteStore("a.db", misspelt)).toThrow(/no option "busyTimeout"/);
  });
});

test("the file is made on first use, for its owner's eyes only", async () => {
  const file = temporaryFile();
  const store = sqliteStore(file);
  expect(existsSync(file)).toBe(false);
  await store.faceRecords.open(space);
  if (process.platform !== "win32") {
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
  }
  await store[Symbol.asyncDispose]();
});

test("errors name the adapter", async () => {
  const error: unknown = await sqliteStore(temporaryFile())
    .faceRecords.revision()
    .catch((caught: unknown) => caught);
  expect(isFaceKitError(error) && error.adapter).toBe("store-sql");
});

/** What is in the files now. Another process copies them: reading them here would drop SQLite's locks. */
function filesOf(file: string): Buffer {
  const copies = ["", "-wal"].map((suffix) => {
    const copy = `${dirname(file)}/copy${suffix}`;
    execFileSync("cp", [file + suffix, copy]);
    return readFileSync(copy);
  });
  return Buffer.concat(copies);
}

/** Whether any 16 bytes of the vector are there, at steps of 64. */
function holds(files: Buffer, vector: Float32Array): boolean {
  const bytes = Buffer.from(vector.buffer);
  return Array.from({ length: bytes.length / 64 }, (_, i) => bytes.subarray(i * 64, i * 64 + 16)).some((part) =>
    files.includes(part),
  );
}
