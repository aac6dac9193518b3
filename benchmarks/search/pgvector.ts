import { randomBytes } from "node:crypto";
import { type PgvectorStoreOptions, pgvectorStore } from "@facekit/store-pgvector";
import { askPostgres } from "../servers.js";
import type { Contender } from "./contenders.js";
import type { Gallery } from "./gallery.js";

const namespace = "benchmark";
const writeBatch = 1000;
/** PostgreSQL in WebAssembly takes minutes to build the graph of more. */
const mostRowsInProcess = 10_000;

/** On the server that POSTGRES_URL names, else on a PGlite in this process. The schema is dropped at the end. */
export async function pgvector(
  { count, dimensions }: Gallery,
  rows: Float32Array,
  options: Pick<PgvectorStoreOptions, "search" | "hnsw">,
): Promise<Contender> {
  const schema = `facekit_benchmark_${randomBytes(4).toString("hex")}`;
  const database = await databaseFor(count);
  const store = pgvectorStore({ ...database.options, ...options, schema });
  await store.open({ id: "benchmark", dimensions, metric: "cosine" });
  for (let from = 0; from < count; from += writeBatch) {
    const batch = Array.from({ length: Math.min(writeBatch, count - from) }, (_, i) =>
      record(from + i, rows.subarray((from + i) * dimensions, (from + i + 1) * dimensions)),
    );
    await store.upsert(namespace, batch);
  }
  await store.buildIndexes();
  return {
    async search(queries, k) {
      const { matches } = await store.search(namespace, queries, { k });
      return matches.map((members) => members.map(({ memberId }) => Number(memberId)));
    },
    async register(number, vector) {
      await store.upsert(namespace, [record(number, vector)]);
    },
    async close() {
      await store[Symbol.asyncDispose]();
      await database.end(`DROP SCHEMA "${schema}" CASCADE`);
    },
  };
}

function record(number: number, vector: Float32Array) {
  return { id: `${number}`, memberId: `${number}`, vector, createdAt: new Date(0) };
}

interface Database {
  readonly options: Pick<PgvectorStoreOptions, "url" | "pglite">;
  end(statement: string): Promise<void>;
}

async function databaseFor(count: number): Promise<Database> {
  const url = process.env.POSTGRES_URL;
  if (url === undefined) {
    if (count > mostRowsInProcess)
      throw new Error("it wants a server: node scripts/servers.mjs postgres -- npm run bench -- search");
    const { PGlite } = await import("@electric-sql/pglite");
    const { vector } = await import("@electric-sql/pglite-pgvector");
    const pglite = await PGlite.create({ extensions: { vector } });
    return { options: { pglite }, end: () => pglite.close() };
  }
  return { options: { url }, end: async (statement) => void (await askPostgres(statement)) };
}
