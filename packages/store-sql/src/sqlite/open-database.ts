import { closeSync, openSync, statSync } from "node:fs";
import { FaceKitError } from "@facekit/core";
import { adapterId, Damage, errnoOf } from "../failures.js";
import { Database } from "./database.js";
import { applicationId, migrations } from "./schema.js";

/** Opens the file, creates it or brings it to the present version. Throws raw errors and `FaceKitError`. */
export function openDatabase(file: string): Database {
  createPrivately(file);
  // SQLite takes a file of one byte for an empty one.
  if (statSync(file).size === 1) throw new Damage("it was cut to one byte");
  const db = new Database(file);
  try {
    // Before anything is written: a file that is not ours stays as it is.
    const version = versionOf(db, file);
    configure(db, file);
    if (version < migrations.length) migrate(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes an empty file that only its owner may read: templates are biometric data. SQLite gives its others the same mode. */
function createPrivately(file: string): void {
  try {
    // "x": closing a file that SQLite has open would drop the process's locks on it (POSIX).
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

function versionOf(db: Database, file: string): number {
  const version = Number(db.value("PRAGMA user_version"));
  const owner = db.value("PRAGMA application_id");
  const empty = db.value("SELECT count(*) FROM sqlite_schema") === 0;
  if (owner !== applicationId && !(owner === 0 && version === 0 && empty)) {
    throw new Damage("it is an SQLite database of another program");
  }
  if (version > migrations.length) {
    throw new FaceKitError(
      "not-supported",
      `"${file}" was written by a newer Facekit (schema ${version}, this one knows ${migrations.length}). Update @facekit/store-sql, or use another file.`,
      { adapter: adapterId },
    );
  }
  return version;
}

function configure(db: Database, file: string): void {
  // Three templates of 512 numbers fit a page of 8 KiB; of the default page, one would waste half.
  db.script("PRAGMA page_size = 8192; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON");
  db.value("PRAGMA secure_delete = ON");
  if (db.value("PRAGMA journal_mode = WAL") !== "wal") {
    throw new FaceKitError(
      "store-unavailable",
      `"${file}" lies where SQLite cannot keep a write-ahead log, a network share perhaps. Use a local disk.`,
      { adapter: adapterId },
    );
  }
  // The log is flushed at each commit: an acknowledged write survives a power cut.
  db.script("PRAGMA synchronous = FULL");
}

function migrate(db: Database, file: string): void {
  db.transaction(() => {
    // Another process may have done it meanwhile.
    for (const step of migrations.slice(versionOf(db, file))) db.script(step);
    db.script(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
  });
}
