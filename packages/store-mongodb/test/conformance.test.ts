import {
  faceRecordsConformance,
  memberSourceConformance,
  vectorStoreConformance,
  visitLogConformance,
} from "@facekit/conformance";
import {
  faultyMemberSourceConformance,
  faultyServerConformance,
  faultyVisitLogConformance,
  type OpenAt,
} from "@facekit/conformance/faults";
import { createVectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { MongoClient } from "mongodb";
import { describe, onTestFinished, test, vi } from "vitest";
import { type MongodbStore, mongodbStore } from "../src/index.js";
import { temporaryDatabase, uri, whereFrom } from "./support.js";

// FerretDB reads a whole collection for each query, and for each document that it updates.
vi.setConfig({ testTimeout: 240_000 });
const many = 600;

// Skipped tests, too, are made of it.
const url = uri ?? "mongodb://127.0.0.1:27017/";

/** Makes one part of a store in a new database, and of another store in the same. */
function part<T extends object>(choose: (store: MongodbStore) => T): { create: () => T; reopen: (previous: T) => T } {
  const databases = new WeakMap<T, string>();
  const open = (database: string): T => {
    const store = mongodbStore({ url, database });
    onTestFinished(() => store[Symbol.asyncDispose]());
    const chosen = choose(store);
    databases.set(chosen, database);
    return chosen;
  };
  return {
    create: () => open(temporaryDatabase(url)),
    reopen: (previous) => open(databases.get(previous) ?? temporaryDatabase(url)),
  };
}

/** A new database, in which one part of a store is opened through any address. */
function place<T>(choose: (store: MongodbStore) => T): () => OpenAt<T> {
  return () => {
    const database = temporaryDatabase(url);
    return (at) => {
      const store = mongodbStore({ url: at, database, timeoutMs: 10_000 });
      onTestFinished(() => store[Symbol.asyncDispose]());
      return choose(store);
    };
  };
}

/** Whether the server is FerretDB, whose updates are not atomic as MongoDB's are. */
async function isFerret(): Promise<boolean> {
  const client = new MongoClient(url);
  const about = await client.db("admin").command({ buildInfo: 1 });
  await client.close();
  return Object.keys(about).some((name) => /^ferretdb/i.test(name));
}

describe.skipIf(uri === undefined)(`MongoDB (${whereFrom})`, () => {
  faceRecordsConformance({ test, many, namespaces: 60, ...part((store) => store.faceRecords) });
  memberSourceConformance({
    test: (name, run) =>
      test(name, async ({ skip }) => {
        if (name.includes("different fields at once"))
          skip(await isFerret(), "FerretDB 1 reads, then writes: it loses updates");
        await run();
      }),
    ...part((store) => store.members),
  });
  visitLogConformance({ test, many, ...part((store) => store.visits) });
  vectorStoreConformance({
    test,
    many,
    ...part((store) => createVectorStore({ records: store.faceRecords, index: exactIndex() })),
  });
  faultyServerConformance({ test, url, create: place((store) => store.faceRecords) });
  faultyMemberSourceConformance({ test, url, create: place((store) => store.members) });
  faultyVisitLogConformance({ test, url, create: place((store) => store.visits) });
});
