import { faultyConnection, faultyVectorStoreConformance } from "@facekit/conformance/faults";
import { describe, onTestFinished, test, vi } from "vitest";
import { type PgvectorStoreOptions, pgvectorStore } from "../src/index.js";
import { building, heldBuild, schemaOnServer, skipped } from "./support.js";

// Each write and search takes a dozen statements, and each may break.
vi.setConfig({ testTimeout: 240_000 });

/** The second gets an index that is built while the connection breaks. */
const searches: readonly Pick<PgvectorStoreOptions, "search" | "hnsw">[] = [
  { search: "exact" },
  { search: "hnsw", hnsw: { from: 60 } },
];

describe.skipIf(skipped !== undefined)(
  `PostgreSQL behind a faulty connection${skipped === undefined ? "" : ` (${skipped})`}`,
  () => {
    describe.each(searches)("search: $search", (search) => {
      faultyVectorStoreConformance({
        test,
        url: process.env.POSTGRES_URL ?? "",
        create: () => {
          const { schema } = schemaOnServer();
          return (url) => pgvectorStore({ url, schema, retryMs: 1000, ...search });
        },
      });
    });

    test("a store that is disposed does not wait for a build that it cannot reach", async () => {
      const { url, schema } = schemaOnServer();
      const through = new URL(url);
      const connection = await faultyConnection({ host: through.hostname, port: Number(through.port) });
      onTestFinished(() => connection[Symbol.asyncDispose]());
      through.hostname = "127.0.0.1";
      through.port = String(connection.port);
      const { options, store } = await heldBuild({ url: through.href, schema, statementTimeoutMs: 1000, retryMs: 0 });
      await building(options);
      connection.inflict({ refuse: 1, drop: 1 });
      await store[Symbol.asyncDispose]();
    });
  },
);
