import { vectorStoreConformance } from "@facekit/conformance";
import { vectorSearchServer } from "@facekit/conformance/vector-search-server";
import type { VectorStore } from "@facekit/core";
import { afterAll, beforeAll, describe, onTestFinished, test, vi } from "vitest";
import { mongodbVectorStore } from "../src/index.js";
import { atlasUri, temporaryDatabase, uri, whereFrom } from "./support.js";

// FerretDB reads a whole collection for each query.
vi.setConfig({ testTimeout: 240_000 });

/** Makes a store in a new database, and another in the same. */
function stores(
  url: () => string,
  exact: boolean,
): { create: () => VectorStore; reopen: (previous: VectorStore) => VectorStore } {
  const databases = new WeakMap<VectorStore, string>();
  const open = (database: string): VectorStore => {
    const store = mongodbVectorStore({ url: url(), database, exact });
    onTestFinished(() => store[Symbol.asyncDispose]());
    databases.set(store, database);
    return store;
  };
  return {
    create: () => open(temporaryDatabase(url())),
    reopen: (previous) => open(databases.get(previous) ?? temporaryDatabase(url())),
  };
}

for (const exact of [false, true]) {
  describe.skipIf(uri === undefined)(`$vectorSearch 200 ms behind, exact: ${exact} (${whereFrom})`, () => {
    let server: Awaited<ReturnType<typeof vectorSearchServer>>;
    beforeAll(async () => {
      const { hostname, port } = new URL(uri ?? "");
      server = await vectorSearchServer({ upstream: { host: hostname, port: Number(port) }, lagMs: 200 });
    });
    afterAll(() => server[Symbol.asyncDispose]());
    vectorStoreConformance({ test, ...stores(() => server.url, exact), many: 600 });
  });
}

describe.skipIf(atlasUri === undefined)("Atlas (needs ATLAS_URI)", () => {
  vectorStoreConformance({ test, ...stores(() => atlasUri ?? "", false) });
});
