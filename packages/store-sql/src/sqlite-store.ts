import { resolve } from "node:path";
import {
  checkKeys,
  checkNumber,
  FaceKitError,
  type FaceRecords,
  type MemberSource,
  type VisitLog,
} from "@facekit/core";
import { sqliteFaceRecords } from "./face-records.js";
import { adapterId } from "./failures.js";
import { sqliteMemberSource } from "./member-source.js";
import { createConnection } from "./sqlite-connection.js";
import { sqliteVisitLog } from "./visit-log.js";

export interface SqliteStoreOptions {
  /**
   * How long a call waits for another process that writes to the same file, in milliseconds, before it rejects with
   * `store-unavailable`. Default 5000. The wait does not block the event loop.
   */
  readonly busyTimeoutMs?: number;
}

/** Disposing the store disposes its parts; the file is closed when the last part is. */
export interface SqliteStore extends AsyncDisposable {
  readonly faceRecords: FaceRecords;
  readonly members: MemberSource;
  readonly visits: VisitLog;
}

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
  const connection = createConnection(resolve(file), busyTimeoutMs);
  const faceRecords = sqliteFaceRecords(connection.handle());
  const members = sqliteMemberSource(connection.handle());
  const visits = sqliteVisitLog(connection.handle());
  return {
    faceRecords,
    members,
    visits,
    async [Symbol.asyncDispose]() {
      for (const part of [faceRecords, members, visits]) await part[Symbol.asyncDispose]();
    },
  };
}
