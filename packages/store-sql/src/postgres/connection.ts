import { checkId, checkNumber, FaceKitError, importClient } from "@facekit/core";
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, WithSchemaPlugin } from "kysely";
import { type Connection, createConnection } from "../connection.js";
import { kyselyRunner } from "../runners.js";
import { dialectOf, type SessionPool } from "../sessions.js";
import { explainPostgres } from "./failures.js";
import { migratePostgres, type PostgresMigrations } from "./migrations.js";
import { type Pglite, type PgPool, pgliteSessions, pgSessions } from "./sessions.js";

/** Where the database is: exactly one of `url`, `pool` and `pglite`. */
export interface PostgresConnectionOptions {
  /** `postgres://user:password@host:5432/database`. Needs the package `pg`. The connections are closed with the store. */
  readonly url?: string;
  /** A `Pool` of the package `pg`. It stays the caller's, who closes it. */
  readonly pool?: PgPool;
  /** A `PGlite`: PostgreSQL in this process. It stays the caller's, who closes it. */
  readonly pglite?: Pglite;
  /** The schema in which the tables lie, made where it is missing. Default `"facekit"`. */
  readonly schema?: string;
  /** How many connections are opened from the `url` at most. Default 10. */
  readonly maxConnections?: number;
  /**
   * How long a connection or a statement may take, in milliseconds. Default 30,000. One that takes longer counts as
   * lost. Not for `pglite`, which answers in this process.
   */
  readonly statementTimeoutMs?: number;
  /**
   * For how long a call is tried again after a failure that may pass (a lost connection, a deadlock, a server that
   * starts), in milliseconds. Default 5000. Then it rejects with `store-unavailable`, which is `retryable`.
   */
  readonly retryMs?: number;
}

/** The names of the options above, for `checkKeys`. */
export const postgresConnectionOptionNames: readonly (keyof PostgresConnectionOptions)[] = [
  "url",
  "pool",
  "pglite",
  "schema",
  "maxConnections",
  "statementTimeoutMs",
  "retryMs",
];

/**
 * A connection to PostgreSQL for an adapter: it opens on first use, makes the adapter's tables, and gives Kysely
 * transactions at READ COMMITTED that are repeated after failures that pass. Queries name tables without the schema,
 * which is put before each.
 *
 * Throws `invalid-argument` for options that do not fit. Calls reject with `store-unavailable` (`retryable` where it may
 * pass), `store-full`, `store-corrupt`, `not-supported` (no package `pg`, or tables of a newer version) and `closed`.
 */
export function postgresConnection<Tables>(
  adapter: string,
  options: PostgresConnectionOptions,
  migrations: PostgresMigrations,
): Connection<Tables> {
  const { schema = "facekit", maxConnections = 10, statementTimeoutMs = 30_000, retryMs = 5000 } = options;
  checkSchema(schema);
  checkNumber("maxConnections", maxConnections, { min: 1, max: 10_000, integer: true });
  checkNumber("statementTimeoutMs", statementTimeoutMs, { min: 1, max: 2_147_483_647 });
  checkNumber("retryMs", retryMs, { min: 0, max: 3_600_000 });
  const { sessions, place } = sourceOf(adapter, options, maxConnections, statementTimeoutMs);
  const store = `${place}, schema ${schema}`;
  const kysely = new Kysely<Tables>({
    dialect: dialectOf(sessions, {
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    }),
    plugins: [new WithSchemaPlugin(schema)],
  });
  return createConnection({
    adapter,
    store,
    builder: kysely,
    runner: kyselyRunner(kysely),
    prepare: () => migratePostgres(kysely, schema, migrations, { adapter, store }),
    explain: (error) => explainPostgres(error, adapter, store),
    retryMs,
    maxDelayMs: 1000,
  });
}

function checkSchema(schema: unknown): void {
  checkId("schema", schema);
  // PostgreSQL would cut it silently.
  if (Buffer.byteLength(schema) <= 63) return;
  throw new FaceKitError("invalid-argument", `schema wants at most 63 bytes; got ${Buffer.byteLength(schema)}.`);
}

function sourceOf(
  adapter: string,
  { url, pool, pglite }: PostgresConnectionOptions,
  max: number,
  timeoutMs: number,
): { readonly sessions: SessionPool; readonly place: string } {
  if ([url, pool, pglite].filter((source) => source !== undefined).length !== 1) {
    throw new FaceKitError("invalid-argument", `${adapter} wants one of url, pool and pglite.`, { adapter });
  }
  if (pglite !== undefined) return { sessions: pgliteSessions(pglite), place: "PGlite" };
  if (pool !== undefined) return { sessions: pgSessions(async () => pool, false, timeoutMs), place: "PostgreSQL" };
  const place = placeOf(url, adapter);
  const open = (): Promise<PgPool> => openPool(adapter, url ?? "", max, timeoutMs);
  return { sessions: pgSessions(open, true, timeoutMs), place };
}

/** Without user and password: it goes into error messages. */
function placeOf(url: unknown, adapter: string): string {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "postgres:" || parsed?.protocol === "postgresql:") {
    return `postgres://${parsed.host}${parsed.pathname}`;
  }
  throw new FaceKitError(
    "invalid-argument",
    `url wants "postgres://user:password@host:5432/database"; got ${parsed === undefined ? "no URL" : `one of ${parsed.protocol}`}.`,
    { adapter },
  );
}

async function openPool(adapter: string, url: string, max: number, timeoutMs: number): Promise<PgPool> {
  const { default: pg } = await importClient(adapter, "pg", () => import("pg"));
  const pool = new pg.Pool({
    connectionString: url,
    max,
    keepAlive: true,
    application_name: "facekit",
    // The server gives up too, so that a call that was given up here keeps no lock there.
    statement_timeout: Math.ceil(timeoutMs),
    idle_in_transaction_session_timeout: Math.ceil(timeoutMs),
    // A pool that is idle does not keep the process alive.
    allowExitOnIdle: true,
  });
  // An idle connection that breaks off: the pool has let it go, and the next call opens another.
  pool.on("error", () => undefined);
  return pool;
}
