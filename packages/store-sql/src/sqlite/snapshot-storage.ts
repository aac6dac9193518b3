import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, realpathSync, unlinkSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { SnapshotStorage } from "@facekit/core";
import type { ErasableSnapshots } from "../face-records.js";
import { errnoOf } from "../failures.js";
import { changesOf, type Parameter, prepared } from "../prepared.js";
import type { StoreHandle } from "../store-handle.js";
import { numberOf, textOf } from "../values.js";
import { explainSqlite } from "./failures.js";
import { SnapshotFile } from "./snapshot-file.js";

/**
 * A snapshot is a file `<database>-index-<random id>`, which counts only where the database names it: so it is never
 * that of another database, nor of another past of this one (a backup that was put back).
 *
 * What is erased must not stay in such a file, nor come into one:
 * - Who erases deletes all of them inside its transaction, and again after the commit, and leaves its revision.
 * - Who writes one creates its file first, and takes its state from the database after that. So, where the state holds
 *   what is then erased, the file is there to be deleted. The database names it only if nothing was erased since.
 * - Whoever opens deletes all that are not named: what a killed process left behind.
 */
export function sqliteSnapshots(handle: StoreHandle, file: string): ErasableSnapshots {
  const forget = prepared((p: Parameter<{ readonly revision: number }>) =>
    handle.builder.updateTable("snapshot").set({ id: null, erased_at: p("revision") }),
  );
  return {
    storage: storageBeside(handle, file),
    async erase(db, revision) {
      await db.executeQuery(forget({ revision }));
      deleteSnapshots(file);
    },
    sweep() {
      try {
        deleteSnapshots(file);
      } catch (error) {
        throw explainSqlite(error, file, "write");
      }
    },
  };
}

function storageBeside(handle: StoreHandle, file: string): SnapshotStorage {
  return {
    async open() {
      const named = await namedSnapshot(handle);
      deleteSnapshots(file, named?.id);
      if (named === undefined) return undefined;
      const path = pathOf(file, named.id);
      try {
        const reader = new SnapshotFile(await open(path, "r"), named.id);
        return {
          revision: named.revision,
          read: (target) => reader.read(target),
          [Symbol.asyncDispose]: () => reader.close(),
        };
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        throw explainSqlite(error, path, "read");
      }
    },

    async keep(save) {
      handle.check();
      const id = randomBytes(8).toString("hex");
      const path = pathOf(file, id);
      let kept = false;
      try {
        const writer = new SnapshotFile(await open(path, "wx", 0o600), id);
        let revision: number | undefined;
        try {
          revision = await save((bytes) => writer.write(bytes));
          if (revision !== undefined) await writer.finish();
        } finally {
          await writer.close();
        }
        if (revision !== undefined) kept = await nameSnapshot(handle, file, id, revision);
      } catch (error) {
        throw explainSqlite(error, path, "write");
      } finally {
        if (kept) deleteSnapshots(file, id);
        else deleteFile(path);
      }
      return kept;
    },
  };
}

/** Deletes the snapshots of a database, those that are being written too, but for one. */
function deleteSnapshots(file: string, exceptId?: string): void {
  const database = realpathSync(file);
  const prefix = `${basename(database)}-index-`;
  for (const name of readdirSync(dirname(database))) {
    const id = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (/^[0-9a-f]{16}$/.test(id) && id !== exceptId) deleteFile(join(dirname(database), name));
  }
}

function deleteFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** Of the file that SQLite opens, whatever links lead to it: all processes must agree. */
function pathOf(file: string, id: string): string {
  return `${realpathSync(file)}-index-${id}`;
}

function namedSnapshot(handle: StoreHandle): Promise<{ id: string; revision: number } | undefined> {
  const query = handle.builder.selectFrom("snapshot").select(["id", "revision"]).compile();
  return handle.read(async (db) => {
    const [row] = (await db.executeQuery(query)).rows;
    return row === undefined || row.id === null ? undefined : { id: textOf(row.id), revision: numberOf(row.revision) };
  });
}

/** Tells whether it may be used: not where something was erased since it was begun. */
function nameSnapshot(handle: StoreHandle, file: string, id: string, revision: number): Promise<boolean> {
  return handle.write(async (db) => {
    if (!existsSync(pathOf(file, id))) return false;
    const naming = handle.builder.updateTable("snapshot").set({ id, revision }).where("erased_at", "<=", revision);
    return changesOf(await db.executeQuery(naming.compile())) > 0;
  });
}
