import { faceRecordsConformance, memberSourceConformance, visitLogConformance } from "@facekit/conformance";
import { describe, onTestFinished, test } from "vitest";
import { type MongodbStore, mongodbStore } from "../src/index.js";
import { temporaryDatabase, uri, whereFrom } from "./support.js";

/** Makes one part of a store in a new database, and of another store in the same. */
function part<T extends object>(
  url: string,
  choose: (store: MongodbStore) => T,
): { create: () => T; reopen: (previous: T) => T } {
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

describe.skipIf(uri === undefined)(`MongoDB (${whereFrom})`, () => {
  const url = uri ?? "";
  faceRecordsConformance({ test, ...part(url, (store) => store.faceRecords) });
  memberSourceConformance({ test, ...part(url, (store) => store.members) });
  visitLogConformance({ test, ...part(url, (store) => store.visits) });
});
