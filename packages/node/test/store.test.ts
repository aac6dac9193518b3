import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vectorStoreConformance } from "@facekit/conformance";
import { createVectorStore, type VectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { sqliteStore } from "@facekit/store-sql";
import { test } from "vitest";

/** The store that a file name stands for in `createFaceKit({ store })`. */
const files = new WeakMap<VectorStore, string>();

function open(file: string): VectorStore {
  const store = createVectorStore({ records: sqliteStore(file).faceRecords, index: exactIndex() });
  files.set(store, file);
  return store;
}

vectorStoreConformance({
  test,
  create: async () => open(join(await mkdtemp(join(tmpdir(), "facekit-store-")), "members.db")),
  reopen: (previous) => open(files.get(previous) ?? ""),
});
