import { randomBytes } from "node:crypto";
import { type EmbeddingSpace, type FaceRecord, normalize } from "@facekit/core";
import pg from "pg";
import { expect, onTestFinished } from "vitest";
import { type PgvectorStore, type PgvectorStoreOptions, pgvectorStore } from "../src/index.js";

const url: string | undefined = process.env.POSTGRES_URL;

/** Why the tests on a server are skipped; undefined where they are not. */
export const skipped: string | undefined = await reasonToSkip();

async function reasonToSkip(): Promise<string | undefined> {
  const command = "node scripts/servers.mjs --install postgres -- npm test";
  if (url === undefined) return `wants POSTGRES_URL: ${command}`;
  const [row] = await onServer("SELECT FROM pg_available_extensions WHERE name = 'vector'");
  return row === undefined ? `the server of POSTGRES_URL has no pgvector: ${command}` : undefined;
}

export function newSchema(): string {
  return `facekit_${randomBytes(6).toString("hex")}`;
}

/** A schema of its own on the server, dropped after the test. */
export function schemaOnServer(): { url: string; schema: string } {
  const schema = newSchema();
  onTestFinished(async () => {
    await onServer(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  });
  return { url: url ?? "", schema };
}

export async function onServer(statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url ?? "" });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } finally {
    await client.end();
  }
}

/** A transaction with the locks that a statement takes, until the function that it gives commits it or the test ends. */
export async function lockOnServer(statement: string, at: string | undefined = url): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: at ?? "" });
  await client.connect();
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => {
    released ??= client.query("COMMIT").then(() => client.end());
    return released;
  };
  onTestFinished(release);
  await client.query("BEGIN");
  await client.query(statement);
  return release;
}

type OptionsOnServer = PgvectorStoreOptions & { readonly url: string; readonly schema: string };

/** A store with an index that is due, and a transaction that keeps it from being built until it ends. */
export async function heldBuild(
  place: OptionsOnServer,
): Promise<{ options: OptionsOnServer; store: PgvectorStore; release(): Promise<void> }> {
  const options = { ...place, hnsw: { from: 50 } };
  const store = await open(options, 8);
  const release = await lockOnServer(`LOCK TABLE ${options.schema}.search_rows IN ROW EXCLUSIVE MODE`);
  const random = seeded(9);
  const templates = Array.from({ length: 60 }, (_, i) => record(`${i}`, `m${i}`, direction(random, 8)));
  await store.upsert("n", templates);
  return { options, store, release };
}

/** Fulfils when the server builds an index there. */
export async function building({ schema }: OptionsOnServer): Promise<void> {
  await expect
    .poll(() =>
      onServer(
        `SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%CREATE INDEX%${schema}%' AND pid <> pg_backend_pid()`,
      ),
    )
    .toHaveLength(1);
}

export function spaceOf(dimensions: number): EmbeddingSpace {
  return { id: `pgvector-test-${dimensions}`, dimensions, metric: "cosine" };
}

/** Open, and disposed after the test. */
export async function open(options: PgvectorStoreOptions, dimensions: number): Promise<PgvectorStore> {
  const store = pgvectorStore(options);
  onTestFinished(() => store[Symbol.asyncDispose]());
  await store.open(spaceOf(dimensions));
  return store;
}

/** The same numbers on every run (mulberry32), 0 to less than 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function direction(random: () => number, dimensions: number): Float32Array {
  return normalize(Array.from({ length: dimensions }, () => random() + random() + random() - 1.5));
}

/** A unit vector near another, as another photo of the same person. */
export function near(vector: Float32Array, random: () => number, cosine: number): Float32Array {
  const off = direction(random, vector.length);
  const share = Math.sqrt(1 - cosine * cosine);
  return normalize(vector.map((value, i) => cosine * value + share * (off[i] ?? 0)));
}

export function record(id: string, memberId: string, vector: Float32Array): FaceRecord {
  return { id, memberId, vector, createdAt: new Date(0) };
}
