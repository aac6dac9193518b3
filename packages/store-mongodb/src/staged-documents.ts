import type { Fields, Server } from "./connection.js";

/**
 * How long a document that was laid down may wait for its commit, in milliseconds. The commit misses those that a clock
 * that jumped swept too early, and the write begins anew.
 */
const sweepAfterMs = 24 * 3_600_000;

/** Ids in one filter, and documents in one insert. */
const chunk = 1000;

/** Revisions between two tidyings of a log. */
export const compactEvery = 32;

/** Lays documents down where nobody sees them. Each gets a key of its own: `batch/n`, counted from `first`. */
export async function insertStaged(
  server: Server,
  collection: string,
  batch: string,
  documents: readonly Fields[],
  first = 0,
): Promise<void> {
  const stagedAt = new Date();
  const staged = documents.map((document, i) => ({
    _id: `${batch}/${first + i}`,
    ...document,
    batch,
    state: "staged",
    stagedAt,
  }));
  for (const some of chunksOf(staged)) await server.collection(collection).insertMany(some, { ordered: false });
}

/** Removes what was laid down a day ago and never committed. */
export async function sweepStaged(server: Server, collection: string): Promise<void> {
  const before = new Date(Date.now() - sweepAfterMs);
  await server.collection(collection).deleteMany({ state: "staged", stagedAt: { $lt: before } });
}

export function chunksOf<T>(items: readonly T[], size: number = chunk): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
