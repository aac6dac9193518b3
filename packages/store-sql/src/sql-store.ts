import type { FaceRecords, MemberSource, VisitLog } from "@facekit/core";
import type { Connection } from "./connection.js";
import type { StoreDialect } from "./dialect.js";
import { type ErasableSnapshots, sqlFaceRecords } from "./face-records.js";
import { sqlMemberSource } from "./member-source.js";
import type { Executor } from "./runners.js";
import type { StoreHandle } from "./store-handle.js";
import type { Tables } from "./tables.js";
import { sqlVisitLog } from "./visit-log.js";

/** Disposing the store disposes its parts; the connection is closed when the last part is. */
export interface SqlStore extends AsyncDisposable {
  readonly faceRecords: FaceRecords;
  readonly members: MemberSource;
  readonly visits: VisitLog;
}

/** The three parts over one connection. */
export function storeOn(
  connection: Connection<Tables, Executor, Executor>,
  dialect: StoreDialect,
  snapshots?: (handle: StoreHandle) => ErasableSnapshots,
): SqlStore {
  const handle = connection.handle();
  const faceRecords = sqlFaceRecords(handle, dialect, snapshots?.(handle));
  const members = sqlMemberSource(connection.handle(), dialect);
  const visits = sqlVisitLog(connection.handle(), dialect);
  return {
    faceRecords,
    members,
    visits,
    async [Symbol.asyncDispose]() {
      for (const part of [faceRecords, members, visits]) await part[Symbol.asyncDispose]();
    },
  };
}
