import { checkKeys } from "@facekit/core";
import { adapterId } from "../failures.js";
import { type SqlStore, storeOn } from "../sql-store.js";
import type { Tables } from "../tables.js";
import { type PostgresConnectionOptions, postgresConnection, postgresConnectionOptionNames } from "./connection.js";
import { postgresDialect } from "./dialect.js";
import { recordMigrations } from "./schema.js";

export type PostgresStoreOptions = PostgresConnectionOptions;

/**
 * Templates, members and visits in one schema of a PostgreSQL database (15 is tested), or of a PGlite, created on first
 * use. Any number of processes and machines may share it.
 *
 * A write is acknowledged after its COMMIT. It then survives a crash of the server where that has `fsync`,
 * `full_page_writes` and `synchronous_commit` on, as is the default, and the loss of the server where a synchronous
 * standby has it. What was deleted is gone for every query at once; docs/privacy.md says when its bytes are.
 *
 * Calls reject with `store-unavailable` (`retryable` where it may pass), `store-full` (nothing of the write was kept),
 * `store-corrupt`, `not-supported` (written by a newer version, or no package `pg`) and `closed`.
 */
export function postgresStore(options: PostgresStoreOptions): SqlStore {
  checkKeys("postgresStore", options, postgresConnectionOptionNames);
  return storeOn(postgresConnection<Tables>(adapterId, options, recordMigrations), postgresDialect);
}
