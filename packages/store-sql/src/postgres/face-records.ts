import type { FaceRecords } from "@facekit/core";
import type { Transaction } from "kysely";
import type { Connection } from "../connection.js";
import { sqlFaceRecords } from "../face-records.js";
import type { Tables } from "../tables.js";
import { postgresDialect } from "./dialect.js";

/** Runs at the end of each transaction that writes or erases templates. */
export type AfterWrite = (db: Transaction<Tables>) => Promise<void>;

/**
 * The templates of `postgresStore` for an adapter that keeps something made of them beside them: over a connection that
 * was opened with `recordMigrations`.
 */
export function postgresFaceRecords(connection: Connection<Tables>, afterWrite: AfterWrite): FaceRecords {
  return sqlFaceRecords(connection.handle(), postgresDialect, undefined, afterWrite);
}
