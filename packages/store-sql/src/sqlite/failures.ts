import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { FaceKitError, isFaceKitError } from "@facekit/core";
import { adapterId, Damage, errnoOf, reasonOf } from "../failures.js";

/** Whether another connection was in the way, so that the same attempt may soon succeed. */
function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(errnoOf(error));
}

/** Whether the file system allows it. Not by opening it: closing it again would drop the process's locks on it (POSIX). */
function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    accessSync(dirname(file), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Says what a failure of SQLite or of the file system means for the caller. Errors that are neither pass through. */
export function explainSqlite(error: unknown, file: string, doing: "read" | "write"): unknown {
  if (isFaceKitError(error)) return error;
  const code = errnoOf(error);
  const reason = reasonOf(error);
  const cause = { adapter: adapterId, cause: error };

  // Our statements are right for our schema, and keep to its constraints.
  if (code === "SQLITE_READONLY" && isWritable(file)) {
    return explainSqlite(new Damage("its header calls for another version of SQLite"), file, doing);
  }
  if (error instanceof Damage || /^SQLITE_(CORRUPT|NOTADB|ERROR|CONSTRAINT)/.test(code)) {
    return new FaceKitError(
      "store-corrupt",
      `"${file}" cannot be used: ${reason}. It was left as it is. Restore it from a backup, or move it away with its "-wal" and "-shm" files to start with an empty one.`,
      cause,
    );
  }
  if (isBusy(error)) {
    return new FaceKitError("store-unavailable", `"${file}" is kept locked by another process. Try again.`, {
      ...cause,
      retryable: true,
    });
  }
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code) || (doing === "write" && code.startsWith("SQLITE_IOERR"))) {
    return new FaceKitError(
      "store-full",
      `"${file}" could not be written (${reason}); nothing of this write was kept. Free some space on its disk and try again.`,
      cause,
    );
  }
  if (code === "ENOENT") {
    return new FaceKitError("store-unavailable", `The folder of "${file}" does not exist. Create it first.`, cause);
  }
  if (/^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_PERM)/.test(code)) {
    return new FaceKitError(
      "store-unavailable",
      `"${file}" may not be written (${reason}). Check its permissions.`,
      cause,
    );
  }
  if (/^(SQLITE_|E(?!RR_)[A-Z])/.test(code) || reason.startsWith("ConnectionFailed")) {
    return new FaceKitError(
      "store-unavailable",
      `"${file}" could not be opened or used (${reason}). Check that it is a file that this process may read and write.`,
      cause,
    );
  }
  return error;
}
