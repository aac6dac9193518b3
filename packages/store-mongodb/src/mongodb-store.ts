import { disposeAll, type FaceRecords, type MemberSource, type VisitLog } from "@facekit/core";
import { checkOptions, createConnection, type MongodbConnectionOptions } from "./connection.js";
import { mongodbFaceRecords } from "./face-records.js";
import { mongodbMemberSource } from "./member-source.js";
import { mongodbVisitLog } from "./visit-log.js";

export interface MongodbStoreOptions extends MongodbConnectionOptions {}

/** Disposing the store disposes its parts; a client of its own is closed when the last part is. */
export interface MongodbStore extends AsyncDisposable {
  readonly faceRecords: FaceRecords;
  readonly members: MemberSource;
  readonly visits: VisitLog;
}

/**
 * Templates, members and visits in a database of MongoDB 4.4 or newer, in collections whose names begin with `facekit.`.
 * Several processes on several machines may share it. It needs no transactions, so a single server does as well as a
 * replica set.
 *
 * A write that was acknowledged is on the disks of a majority of the servers. A write whose process dies is there whole
 * or not at all. While the server drops connections, answers late or changes its primary, calls go on trying until
 * `timeoutMs`; a write whose answer was lost is found again and not written twice.
 *
 * Calls reject with `store-unavailable` (no server, no primary, no access; then `retryable` where it may pass),
 * `store-full`, `store-corrupt` (a template is not as it was written), `not-supported` (the driver is missing) and
 * `closed`. After a write that rejected with `store-unavailable`, the write may be there: repeating it is harmless.
 */
export function mongodbStore(options: MongodbStoreOptions): MongodbStore {
  checkOptions("mongodbStore", options, []);
  const connection = createConnection("mongodbStore", options);
  const faceRecords = mongodbFaceRecords(connection.handle());
  const members = mongodbMemberSource(connection.handle());
  const visits = mongodbVisitLog(connection.handle());
  return {
    faceRecords,
    members,
    visits,
    [Symbol.asyncDispose]: () => disposeAll([faceRecords, members, visits]),
  };
}
