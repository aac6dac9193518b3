import { FaceKitError, isFaceKitError } from "@facekit/core";
import { Damage, errnoOf, reasonOf } from "../failures.js";
import { ConnectionLost, OutcomeUnknown } from "../sessions.js";
import { isAnswer } from "./sessions.js";

/** What may pass by itself: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const passing =
  /^ER_(LOCK_DEADLOCK|LOCK_WAIT_TIMEOUT|CON_COUNT_ERROR|TOO_MANY_USER_CONNECTIONS|USER_LIMIT_REACHED|SERVER_SHUTDOWN|CONNECTION_KILLED|QUERY_INTERRUPTED|QUERY_TIMEOUT|STATEMENT_TIMEOUT|OPTION_PREVENTS_STATEMENT|READ_ONLY_MODE|CHECKREAD)$/;
const refused =
  /^ER_(.*ACCESS_DENIED.*|BAD_DB_ERROR|HOST_(IS_BLOCKED|NOT_PRIVILEGED)|NO_DB_ERROR|MUST_CHANGE_PASSWORD.*)$/;
const full = /^ER_(DISK_FULL(_NOWAIT)?|RECORD_FILE_FULL|TEMP_FILE_WRITE_FAILURE)$/;
const damaged = /^ER_(NO_SUCH_TABLE|BAD_FIELD_ERROR|CRASHED_ON_USAGE|NOT_KEYFILE|INDEX_CORRUPT|TABLE_CORRUPT)$/;

/** Says what a failure of MySQL or of the way to it means for the caller. Errors that are neither pass through. */
export function explainMysql(error: unknown, adapter: string, store: string): unknown {
  if (isFaceKitError(error)) return error;
  const reason = reasonOf(error);
  const cause = { adapter, cause: error };
  if (error instanceof OutcomeUnknown) {
    return new FaceKitError(
      "store-unavailable",
      `The connection to "${store}" broke off while a write was being committed (${reason}). It is kept whole or not at all; repeat the call.`,
      { ...cause, retryable: true },
    );
  }
  const inner = error instanceof ConnectionLost ? (error.cause ?? error) : error;
  const code = isAnswer(inner) ? errnoOf(inner) : "";
  if (passing.test(code) || (error instanceof ConnectionLost && !refused.test(code))) {
    return new FaceKitError(
      "store-unavailable",
      `"${store}" cannot be reached or is too busy (${reason}). Try again.`,
      {
        ...cause,
        retryable: true,
      },
    );
  }
  if (refused.test(code)) {
    return new FaceKitError(
      "store-unavailable",
      `"${store}" refuses (${reason}). Check its address, user and permissions.`,
      cause,
    );
  }
  if (error instanceof Damage || damaged.test(code)) {
    return new FaceKitError(
      "store-corrupt",
      `"${store}" cannot be used: ${reason}. Nothing was changed. Restore it from a backup, or name an empty database.`,
      cause,
    );
  }
  if (full.test(code)) {
    return new FaceKitError(
      "store-full",
      `"${store}" could not be written (${reason}); nothing of this write was kept. Free some space on its disk and try again.`,
      cause,
    );
  }
  if (code !== "") return new FaceKitError("store-unavailable", `"${store}" failed (${code}: ${reason}).`, cause);
  return error;
}
