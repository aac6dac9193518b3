import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { vectorStoreConformance } from "@facekit/conformance";
import type { VectorStore } from "@facekit/core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type PgvectorStoreOptions, pgvectorStore } from "../src/index.js";
import { newSchema, schemaOnServer, skipped } from "./support.js";

/** So few rows that most tests search them exactly, and those of thousands by an index. */
const searches: readonly Pick<PgvectorStoreOptions, "search" | "hnsw">[] = [
  { search: "exact" },
  { search: "hnsw", hnsw: { from: 300 } },
];

function suites(fresh: () => PgvectorStoreOptions): void {
  describe.each(searches)("search: $search", (search) => {
    const optionsOf = new WeakMap<VectorStore, PgvectorStoreOptions>();
    const create = (options: PgvectorStoreOptions): VectorStore => {
      const store = pgvectorStore(options);
      optionsOf.set(store, options);
      return store;
    };
    vectorStoreConformance({
      test,
      create: () => create({ ...fresh(), ...search }),
      reopen: (previous) => create(optionsOf.get(previous) ?? {}),
    });
  });
}

describe("PGlite", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await PGlite.create({ extensions: { vector } });
  });
  afterAll(() => pglite.close());

  suites(() => ({ pglite, schema: newSchema() }));
});

describe.skipIf(skipped !== undefined)(`PostgreSQL${skipped === undefined ? "" : ` (${skipped})`}`, () => {
  suites(() => schemaOnServer());
});
