import { randomBytes } from "node:crypto";
import {
  faceRecordsConformance,
  memberSourceConformance,
  vectorStoreConformance,
  visitLogConformance,
} from "@facekit/conformance";
import { createVectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { onTestFinished, test } from "vitest";
import type { SqlStore } from "../src/index.js";

export interface Places<Place> {
  /** A new place that holds nothing, and is gone after the test. */
  make(): Promise<Place> | Place;
  /** A store over it, as another process would open it. */
  open(place: Place): SqlStore;
}

/** Registers what every database must do, in one test file for each. */
export function storeSuites<Place>({ make, open }: Places<Place>): void {
  /** Makes one part of a store over a new place, and of another store over the same. */
  const part = <T extends object>(choose: (store: SqlStore) => T) => {
    const places = new WeakMap<T, Place>();
    const at = (place: Place): T => {
      const store = open(place);
      onTestFinished(() => store[Symbol.asyncDispose]());
      const chosen = choose(store);
      places.set(chosen, place);
      return chosen;
    };
    return {
      create: async () => at(await make()),
      reopen: async (previous: T) => at(places.get(previous) ?? (await make())),
    };
  };
  faceRecordsConformance({ test, ...part((store) => store.faceRecords) });
  memberSourceConformance({ test, ...part((store) => store.members) });
  visitLogConformance({ test, ...part((store) => store.visits) });
  vectorStoreConformance({
    test,
    ...part((store) => createVectorStore({ records: store.faceRecords, index: exactIndex() })),
  });
}

/** A name for a schema or database that no other test has. */
export function newName(): string {
  return `facekit_${randomBytes(5).toString("hex")}`;
}

/** Where the server of this variable is, or that of DATABASE_URL where its scheme fits; "" where there is none. */
export function serverUrl(variable: string, scheme: RegExp): string {
  const { DATABASE_URL = "" } = process.env;
  return process.env[variable] ?? (scheme.test(DATABASE_URL) ? DATABASE_URL : "");
}
