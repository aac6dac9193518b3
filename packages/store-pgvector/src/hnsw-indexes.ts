import type { CallOptions } from "@facekit/core";
import { type Handle, numberOf, type Tables } from "@facekit/store-sql/postgres";
import { type Kysely, sql } from "kysely";
import { indexNameOf, indexReady, type Names } from "./names.js";

export interface HnswOptions {
  /**
   * From how many templates and means on a namespace gets an HNSW index, 1 or more. Smaller ones are searched exactly; one
   * that shrank keeps its index until it is empty. Default 20,000: there an exact search takes about 10 ms.
   */
  readonly from?: number;
  /**
   * Edges of a node in each layer, 2 to 100. Default 16. Like `efConstruction` for indexes made from now on: one that is
   * there stays as it was made until it is dropped.
   */
  readonly m?: number;
  /** How many nodes are kept in view while the index is built, at least 2 · m, up to 1000. Default 200. */
  readonly efConstruction?: number;
  /** How many nodes a search keeps in view, 1 to 1000: more finds more and takes longer. Default 400. */
  readonly efSearch?: number;
  /**
   * How much memory building an index may take (`maintenance_work_mem`), in MiB. Default 1024. Building gets slow where
   * the graph does not fit: one of a million vectors of 512 numbers takes about 2,000.
   */
  readonly buildMemoryMiB?: number;
}

export interface IndexBuild {
  readonly names: Names;
  readonly dimensions: number;
  readonly options: Required<HnswOptions>;
  /** Builds without locking out writers. A PGlite has no others, and cannot. */
  readonly concurrently: boolean;
}

/** Whether a namespace wants `tendIndex`. `ready`: whether its index answers searches; undefined where there is none. */
export function wantsTending(size: number, ready: boolean | undefined, { from }: Required<HnswOptions>): boolean {
  return size >= from ? ready !== true : ready === false || (ready === true && size === 0);
}

/** The namespaces that want `tendIndex`. */
export async function namespacesToTend(
  handle: Handle<Tables>,
  build: IndexBuild,
  call?: CallOptions,
): Promise<number[]> {
  const { names, options } = build;
  return handle.read(async (db) => {
    const { rows } = await sql<{ key: number; size: unknown; ready: boolean | null }>`
      SELECT * FROM (SELECT key, size, ${indexReady(names, sql`key`)} AS ready FROM ${names.namespaces}) AS states
      WHERE size >= ${options.from} OR ready IS NOT NULL ORDER BY key`.execute(db);
    return rows
      .filter(({ size, ready }) => wantsTending(numberOf(size), ready ?? undefined, options))
      .map(({ key }) => key);
  }, call);
}

/**
 * Builds the HNSW index of a namespace where it is due, and drops it where the namespace is empty. False where another
 * process is at it, to which it is left. `goOn` is told the connection's process on the server, before each statement
 * that may take long, and may throw.
 */
export async function tendIndex(
  handle: Handle<Tables>,
  build: IndexBuild,
  key: number,
  goOn: (processId: number) => void,
): Promise<boolean> {
  const { names } = build;
  const index = sql.id(names.schema, indexNameOf(key));
  return handle.read((pool) =>
    pool.connection().execute(async (db) => {
      const lock = sql`hashtextextended(${`${names.schema}.${indexNameOf(key)}`}, 0)`;
      const { rows } = await sql<{ locked: boolean; process: number }>`
        SELECT pg_try_advisory_lock(${lock}) AS locked, pg_backend_pid() AS process`.execute(db);
      const [held] = rows;
      if (held?.locked !== true) return false;
      const tend = async (): Promise<void> => {
        goOn(held.process);
        const { size, ready } = await stateOf(db, names, key);
        const concurrently = build.concurrently ? sql`CONCURRENTLY` : sql``;
        const due = size >= build.options.from;
        // One that is not ready was left behind by a process that was killed.
        if (ready === false || (ready && size === 0)) await sql`DROP INDEX ${concurrently} ${index}`.execute(db);
        goOn(held.process);
        if (due && ready !== true) await create(db, build, key, size);
      };
      await restoring(tend, () => sql`SELECT pg_advisory_unlock(${lock})`.execute(db));
      return true;
    }),
  );
}

async function create(db: Kysely<Tables>, build: IndexBuild, key: number, size: number): Promise<void> {
  const { names, dimensions, options, concurrently } = build;
  // A parallel build takes all of it at once, so no more than the graph needs: a node, its edges and its vector.
  const neededMiB = (size * (2 * dimensions + 48 * options.m + 256) * 1.25) / 2 ** 20;
  const memory = `${Math.ceil(Math.min(options.buildMemoryMiB, Math.max(64, neededMiB)))}MB`;
  const run = async (): Promise<void> => {
    await sql`SELECT set_config('maintenance_work_mem', ${memory}, false), set_config('statement_timeout', '0', false)`.execute(
      db,
    );
    await sql`
      CREATE INDEX ${concurrently ? sql`CONCURRENTLY` : sql``} ${sql.id(indexNameOf(key))}
      ON ${names.rows} USING hnsw (vector ${names.operators})
      WITH (m = ${sql.lit(options.m)}, ef_construction = ${sql.lit(options.efConstruction)})
      WHERE namespace = ${sql.lit(key)}`.execute(db);
  };
  await restoring(run, async () => {
    await sql`RESET maintenance_work_mem`.execute(db);
    await sql`RESET statement_timeout`.execute(db);
  });
}

/** Puts a connection back as it was, whatever comes. What failed first is what is told. */
async function restoring(work: () => Promise<void>, restore: () => Promise<unknown>): Promise<void> {
  // Again, for a cancel that came too late for the work hits what follows.
  const again = (): Promise<unknown> => restore().catch(restore);
  try {
    await work();
  } catch (error) {
    await again().catch(() => undefined);
    throw error;
  }
  await again();
}

/** `ready`: whether the index answers searches; undefined where there is none. */
async function stateOf(
  db: Kysely<Tables>,
  names: Names,
  key: number,
): Promise<{ readonly size: number; readonly ready: boolean | undefined }> {
  const { rows } = await sql<{ size: unknown; ready: boolean | null }>`
    SELECT size, ${indexReady(names, sql`key`)} AS ready FROM ${names.namespaces} WHERE key = ${key}`.execute(db);
  return { size: numberOf(rows[0]?.size ?? 0), ready: rows[0]?.ready ?? undefined };
}
