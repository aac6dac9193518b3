import { type VectorSearchServer, vectorSearchServer } from "@facekit/conformance/vector-search-server";
import type { FaceRecord, Progress, VectorStore } from "@facekit/core";
import { MongoClient } from "mongodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createConnection } from "../src/connection.js";
import { type MongodbVectorStoreOptions, mongodbStore, mongodbVectorStore } from "../src/index.js";
import { RecentTemplates } from "../src/recent-templates.js";
import { SearchIndex } from "../src/search-index.js";
import { recordOf, space, temporaryDatabase, uri, vectorOf, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

async function searchServer(options: { buildMs?: number } = {}): Promise<VectorSearchServer> {
  const { hostname, port } = new URL(uri ?? "");
  const server = await vectorSearchServer({ upstream: { host: hostname, port: Number(port) }, ...options });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function openStore(options: MongodbVectorStoreOptions): Promise<VectorStore> {
  const store = mongodbVectorStore(options);
  onTestFinished(() => store[Symbol.asyncDispose]());
  await store.open(space);
  return store;
}

const best = async (store: VectorStore, seed: number, namespace = "gym"): Promise<string | undefined> =>
  (await store.search(namespace, [vectorOf(seed)], { k: 1 })).matches[0]?.[0]?.memberId;

describe.skipIf(uri === undefined)(`A search index that is behind (${whereFrom})`, () => {
  test("what it does not know yet is found, the means too, by other processes and later ones", async () => {
    const server = await searchServer();
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const store = await openStore(at);
    await store.upsert("gym", [recordOf("1", "anna", 1)]);
    expect(await best(store, 1)).toBe("anna");
    server.freeze();
    await store.upsert("gym", [recordOf("2", "ben", 2), recordOf("3", "ben", 3), recordOf("4", "cleo", 4)]);
    const later = await openStore(at);
    for (const each of [store, later]) {
      expect(await best(each, 2)).toBe("ben");
      expect(await best(each, 4)).toBe("cleo");
      const both = vectorOf(2).map((value, i) => (value + (vectorOf(3)[i] ?? 0)) / Math.SQRT2);
      const length = Math.hypot(...both);
      const [[match] = []] = (await each.search("gym", [both.map((value) => value / length)], { k: 1 })).matches;
      expect(match).toEqual({ memberId: "ben", similarity: expect.closeTo(1, 6) });
    }
  });

  test("what was erased or replaced is not found any more", async () => {
    const server = await searchServer();
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const store = await openStore(at);
    await store.upsert("gym", [recordOf("1", "anna", 1), recordOf("2", "ben", 2), recordOf("3", "cleo", 3)]);
    expect(await best(store, 1)).toBe("anna");
    server.freeze();
    await store.deleteMember("gym", "anna");
    // By another part over the same collections.
    const other = mongodbStore({ url: uri ?? "", database: at.database });
    onTestFinished(() => other[Symbol.asyncDispose]());
    await other.faceRecords.open(space);
    await other.faceRecords.put("gym", [recordOf("2", "dora", 9)]);
    const { matches } = await store.search("gym", [vectorOf(1), vectorOf(2), vectorOf(9)], { k: 5 });
    for (const found of matches) {
      expect(found.map(({ memberId }) => memberId).sort()).toEqual(["cleo", "dora"]);
    }
    expect(matches[2]?.[0]).toEqual({ memberId: "dora", templateId: "2", similarity: expect.closeTo(1, 6) });
  });

  test("nobody is registered twice by those who search first and write on condition", async () => {
    const server = await searchServer();
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const stores = [await openStore(at), await openStore(at)];
    server.freeze();
    let registered = 0;
    const register = async (store: VectorStore, id: string, seed: number): Promise<void> => {
      for (;;) {
        const { matches, revision } = await store.search("gym", [vectorOf(seed)], { k: 1 });
        if ((matches[0]?.[0]?.similarity ?? -1) > 0.99) return;
        try {
          await store.upsert("gym", [recordOf(id, id, seed)], { ifRevision: revision });
          registered++;
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: "conflict" });
        }
      }
    };
    for (let seed = 0; seed < 5; seed++) {
      await Promise.all(
        [0, 1, 2, 3].flatMap((n) => stores.map((store, s) => register(store, `${seed}-${s}-${n}`, seed))),
      );
    }
    expect(registered).toBe(5);
    expect(await stores[0]?.count("gym")).toEqual({ members: 5, templates: 5 });
  });

  test("more than are kept at hand are found before the index knows them, and after", async () => {
    const server = await searchServer();
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const store = await openStore(at);
    const many = (from: number, to: number): FaceRecord[] =>
      Array.from({ length: to - from }, (_, i) => recordOf(`${from + i}`, `m${from + i}`, from + i));
    await store.upsert("gym", many(0, 700));
    server.freeze();
    await store.upsert("gym", many(700, 1400));
    await store.upsert("gym", many(1400, 2100));
    const seeds = [0, 699, 700, 1399, 1400, 2099];
    const found = async (each: VectorStore): Promise<(string | undefined)[]> =>
      (await each.search("gym", seeds.map(vectorOf), { k: 1 })).matches.map(([match]) => match?.memberId);
    const expected = seeds.map((seed) => `m${seed}`);
    expect(await found(store)).toEqual(expected);
    expect(await found(await openStore(at))).toEqual(expected);
    server.thaw();
    for (const each of [store, store, await openStore(at)]) expect(await found(each)).toEqual(expected);
  });
});

test.skipIf(uri === undefined)(
  `More written than fits into memory holds up searches while the index is behind, no longer (${whereFrom})`,
  async () => {
    const server = await searchServer();
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const store = await openStore(at);
    await store.upsert("gym", [recordOf("first", "first", 5000)]);
    const handle = createConnection("test", at).handle();
    onTestFinished(() => handle.release());
    const index = new SearchIndex({ name: "facekit", exact: true, timeoutMs: 1000, onProgress: undefined });
    const recent = new RecentTemplates(index, 1500);
    const refresh = (head: number): Promise<void> => handle.run((behind) => recent.refresh(behind, head));
    await refresh(1);
    expect(await best(store, 5000)).toBe("first");
    server.freeze();
    for (let head = 2; head < 5; head++) {
      const batch = Array.from({ length: 600 }, (_, i) => recordOf(`${head}-${i}`, `${head}-${i}`, head * 600 + i));
      await store.upsert("gym", batch);
    }
    const behind = handle.run((of) => recent.refresh(of, 4).catch((error: unknown) => error));
    await expect(behind).resolves.toMatchObject({ code: "store-unavailable", retryable: true });
    server.thaw();
    await refresh(4);
    expect(recent.nearest("gym", vectorOf(4 * 600 + 7), 1)).toMatchObject([{ member: "4-7" }]);
  },
);

describe.skipIf(uri === undefined)(`The search index (${whereFrom})`, () => {
  test("is made, waited for with progress, and used by the next", async () => {
    const server = await searchServer({ buildMs: 1500 });
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const told: Progress[] = [];
    const store = await openStore({ ...at, onProgress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThan(0);
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).sort((a, b) => a - b));
    await store.upsert("gym", [recordOf("1", "anna", 1)]);
    expect(await best(await openStore(at), 1)).toBe("anna");
    const client = new MongoClient(server.url);
    onTestFinished(() => client.close());
    expect(await client.db(at.database).collection("facekit.templates").listSearchIndexes().toArray()).toHaveLength(1);
  });

  test("that is not ready in time, or is of something else, is refused", async () => {
    const server = await searchServer({ buildMs: 600_000 });
    const at = { url: server.url, database: temporaryDatabase(server.url) };
    const open = (options: Partial<MongodbVectorStoreOptions>): Promise<unknown> => openStore({ ...at, ...options });
    await expect(open({ indexTimeoutMs: 300 })).rejects.toMatchObject({ code: "store-unavailable" });
    const client = new MongoClient(server.url);
    onTestFinished(() => client.close());
    const fields = [{ type: "vector", path: "vector", numDimensions: 7, similarity: "cosine" }];
    await client
      .db(at.database)
      .collection("facekit.templates")
      .createSearchIndex({ name: "mine", type: "vectorSearch", definition: { fields } });
    await expect(open({ searchIndex: "mine" })).rejects.toMatchObject({ code: "not-supported" });
  });

  test("a server without search says so", async () => {
    const url = uri ?? "";
    await expect(openStore({ url, database: temporaryDatabase(url) })).rejects.toMatchObject({
      code: "not-supported",
      message: expect.stringMatching(/Atlas/),
    });
  });
});
