import { checkKeys, checkNumber, FaceKitError, importClient } from "@facekit/core";
import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from "kysely";
import { createConnection } from "../connection.js";
import { adapterId } from "../failures.js";
import { kyselyRunner } from "../runners.js";
import { dialectOf } from "../sessions.js";
import { type SqlStore, storeOn } from "../sql-store.js";
import type { Tables } from "../tables.js";
import { mysqlDialect } from "./dialect.js";
import { explainMysql } from "./failures.js";
import { migrateMysql } from "./migrations.js";
import { type MysqlPool, mysqlSessions } from "./sessions.js";

/** Where the database is: one of `url` and `pool`. */
export interface MysqlStoreOptions {
  /** `mysql://user:password@host:3306/database`. Needs the package `mysql2`. The connections are closed with the store. */
  readonly url?: string;
  /** A pool of `mysql2/promise`. It stays the caller's, who closes it. */
  readonly pool?: MysqlPool;
  /** How many connections are opened from the `url` at most. Default 10. */
  readonly maxConnections?: number;
  /**
   * How long a connection or a statement may take, in milliseconds. Default 30,000. One that takes longer counts as
   * lost.
   */
  readonly statementTimeoutMs?: number;
  /**
   * For how long a call is tried again after a failure that may pass (a lost connection, a deadlock, a server that
   * starts), in milliseconds. Default 5000. Then it rejects with `store-unavailable`, which is `retryable`.
   */
  readonly retryMs?: number;
}

/**
 * Templates, members and visits in a MySQL or MariaDB database of their own (MariaDB 10.11 is tested), whose tables are
 * created on first use. Any number of processes and machines may share it.
 *
 * A write is acknowledged after its COMMIT. It then survives a crash of the server where that has
 * `innodb_flush_log_at_trx_commit` at 1, as is the default, and, where it replicates, `sync_binlog` at 1. What was
 * deleted is gone for every query at once; docs/privacy.md says when its bytes are.
 *
 * Calls reject with `store-unavailable` (`retryable` where it may pass), `store-full` (nothing of the write was kept),
 * `store-corrupt` (damaged, or the database of another program), `not-supported` (written by a newer version, or no
 * package `mysql2`) and `closed`.
 */
export function mysqlStore(options: MysqlStoreOptions): SqlStore {
  checkKeys("mysqlStore", options, ["url", "pool", "maxConnections", "statementTimeoutMs", "retryMs"]);
  const { url, pool, maxConnections = 10, statementTimeoutMs = 30_000, retryMs = 5000 } = options;
  checkNumber("maxConnections", maxConnections, { min: 1, max: 10_000, integer: true });
  checkNumber("statementTimeoutMs", statementTimeoutMs, { min: 1, max: 3_600_000 });
  checkNumber("retryMs", retryMs, { min: 0, max: 3_600_000 });
  if ((url === undefined) === (pool === undefined)) {
    throw new FaceKitError("invalid-argument", "mysqlStore wants one of url and pool.", { adapter: adapterId });
  }
  const store = pool === undefined ? placeOf(url) : "MySQL";
  const open = async (): Promise<MysqlPool> => pool ?? openPool(url ?? "", maxConnections);
  const kysely = new Kysely<Tables>({
    dialect: dialectOf(mysqlSessions(open, pool === undefined, statementTimeoutMs), {
      createAdapter: () => new MysqlAdapter(),
      createIntrospector: (db) => new MysqlIntrospector(db),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    }),
  });
  const connection = createConnection({
    adapter: adapterId,
    store,
    builder: kysely,
    runner: kyselyRunner(kysely),
    prepare: () => migrateMysql(kysely, store),
    explain: (error) => explainMysql(error, adapterId, store),
    retryMs,
    maxDelayMs: 1000,
  });
  return storeOn(connection, mysqlDialect);
}

/** Without user and password: it goes into error messages. */
function placeOf(url: unknown): string {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  if ((parsed?.protocol === "mysql:" || parsed?.protocol === "mariadb:") && parsed.pathname.length > 1) {
    return `mysql://${parsed.host}${parsed.pathname}`;
  }
  throw new FaceKitError(
    "invalid-argument",
    `url wants "mysql://user:password@host:3306/database"; got ${parsed === undefined ? "no URL" : `one of ${parsed.protocol}//…${parsed.pathname}`}.`,
    { adapter: adapterId },
  );
}

async function openPool(url: string, connectionLimit: number): Promise<MysqlPool> {
  const { createPool } = await importClient(adapterId, "mysql2", () => import("mysql2/promise"));
  return createPool({
    uri: url.replace(/^mariadb:/, "mysql:"),
    connectionLimit,
    enableKeepAlive: true,
    charset: "utf8mb4",
  });
}
