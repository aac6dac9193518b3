import { faceRecordsConformance, memberSourceConformance, visitLogConformance } from "@facekit/conformance";
import { onTestFinished, test } from "vitest";
import { type SqliteStore, sqliteStore } from "../src/index.js";
import { temporaryFile } from "./support.js";

/** Makes one part of a store over a new file, and of another store over the same. */
function part<T extends object>(choose: (store: SqliteStore) => T): { create: () => T; reopen: (previous: T) => T } {
  const files = new WeakMap<T, string>();
  const open = (file: string): T => {
    const store = sqliteStore(file);
    onTestFinished(() => store[Symbol.asyncDispose]());
    const chosen = choose(store);
    files.set(chosen, file);
    return chosen;
  };
  return {
    create: () => open(temporaryFile()),
    reopen: (previous) => open(files.get(previous) ?? temporaryFile()),
  };
}

faceRecordsConformance({ test, ...part((store) => store.faceRecords) });
memberSourceConformance({ test, ...part((store) => store.members) });
visitLogConformance({ test, ...part((store) => store.visits) });
