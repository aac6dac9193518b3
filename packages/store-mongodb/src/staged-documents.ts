import { type Fields, longestWriteMs, type Server } from "./connection.js";
import { isRefusedIndex } from "./failures.js";

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
  const stagedAt = server.now();
  const staged = documents.map((document, i) => ({
    _id: `${batch}/${first + i}`,
    ...document,
    batch,
    state: "staged",
    stagedAt,
  }));
  for (const some of chunksOf(staged)) await server.collection(collection).insertMany(some, { ordered: false });
}

/** For `sweepStaged`, and for the server to sweep by itself, where it can. */
export async function createStagingIndex(server: Server, collection: string): Promise<void> {
  const key = { stagedAt: 1 };
  try {
    await server.index(collection, [{ key, name: "by_staging", expireAfterSeconds: longestWriteMs / 1000 }]);
  } catch (error) {
    if (!isRefusedIndex(error)) throw error;
    await server.index(collection, [{ key, name: "by_staging" }]);
  }
}

/** Takes back what one write laid down, all that was not shown since. */
export async function unstage(server: Server, collection: string, batch: string): Promise<void> {
  await server.collection(collection).deleteMany({ batch, state: "staged" });
}

/**
 * Removes what was laid down so long ago that no write is under way that would commit it. Should there be one, its commit
 * misses what is gone, and it begins anew.
 */
export async function sweepStaged(server: Server, collection: string): Promise<void> {
  const before = new Date(server.now().getTime() - longestWriteMs);
  await server.collection(collection).deleteMany({ state: "staged", stagedAt: { $lt: before } });
}

export function chunksOf<T>(items: readonly T[], size: number = chunk): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
