import { resolve } from "node:path";
import { checkKeys, checkNumber, FaceKitError } from "@facekit/core";
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { createConnection } from "../connection.js";
import { adapterId } from "../failures.js";
import { sessionRunner } from "../runners.js";
import { type SqlStore, storeOn } from "../sql-store.js";
import type { Tables } from "../tables.js";
import { sqliteDialect } from "./dialect.js";
import { explainSqlite } from "./failures.js";
import { sqliteSessions } from "./sessions.js";
import { sqliteSnapshots } from "./snapshot-storage.js";

export interface SqliteStoreOptions {
  /**
   * How long a call waits for another process that writes to the same file, in milliseconds, before it rejects with
   * `store-unavailable`. Default 5000. The wait does not block the event loop.
   */
  readonly busyTimeoutMs?: number;
}

/** Disposing the store disposes its parts; the file is closed when the last part is. */
export type SqliteStore = SqlStore;

/**
 * Templates, members and visits in one SQLite file, created on first use and readable by its owner only. Beside it lie
 * `<file>-wal` and `<file>-shm` while it is in use, and `<file>-index-<id>`, a snapshot of a large search index, which
 * holds templates too and goes when one of them is erased. Several processes of one machine may share the file.
 *
 * A write that was acknowledged survives the process and a power cut. What was deleted is overwritten, not only
 * unlinked, as soon as no other process is reading an older state.
 *
 * Calls reject with `store-unavailable` (cannot be opened, or another process keeps it locked: then `retryable`),
 * `store-full` (nothing of the write was kept), `store-corrupt` (damaged, or no Facekit file), `not-supported` (written
 * by a newer version) and `closed`.
 */
export function sqliteStore(file: string, options: SqliteStoreOptions = {}): SqliteStore {
  checkKeys("sqliteStore", options, ["busyTimeoutMs"]);
  const busyTimeoutMs = options.busyTimeoutMs ?? 5000;
  checkNumber("busyTimeoutMs", busyTimeoutMs, { min: 0, max: 3_600_000 });
  if (typeof file !== "string" || file === "" || file.startsWith(":")) {
    throw new FaceKitError(
      "invalid-argument",
      `sqliteStore wants the path of a file; got ${JSON.stringify(file)}. For a store without a file, compose one from memoryFaceRecords().`,
      { adapter: adapterId },
    );
  }
  // An absolute path: libsql would take "http:" and "file:" for addresses.
  const path = resolve(file);
  const sessions = sqliteSessions(path);
  const builder = new Kysely<Tables>({
    dialect: {
      createDriver: () => new DummyDriver(),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  const connection = createConnection({
    adapter: adapterId,
    store: path,
    builder,
    runner: sessionRunner(sessions),
    // The file is brought to the present version when it is opened.
    prepare: async () => undefined,
    afterErasure: () => sessions.fold(),
    explain: (error, doing) => explainSqlite(error, path, doing),
    retryMs: busyTimeoutMs,
    maxDelayMs: 20,
  });
  return storeOn(connection, sqliteDialect, (handle) => sqliteSnapshots(handle, path));
}
