import { FaceKitError, isFaceKitError } from "@facekit/core";
import { Damage, errnoOf, reasonOf } from "../failures.js";
import { ConnectionLost, OutcomeUnknown } from "../sessions.js";

/** PostgreSQL's five-letter code of what went wrong, or "" where the error is not the server's answer. */
export function sqlStateOf(error: unknown): string {
  return typeof error === "object" && error !== null && "severity" in error ? errnoOf(error) : "";
}

/** What may pass by itself: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const passing = /^(08|40001|40P01|55P03|57014|57P0[1235]|53300|25P03|25006|72000)/;
const refused = /^(28|3D|42501|3F000)/;
const damaged = /^(XX00[12]|42P01|42703)/;

/** Says what a failure of PostgreSQL or of the way to it means for the caller. Errors that are neither pass through. */
export function explainPostgres(error: unknown, adapter: string, store: string): unknown {
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
  const state = sqlStateOf(inner);
  if (passing.test(state) || (error instanceof ConnectionLost && !refused.test(state))) {
    return new FaceKitError(
      "store-unavailable",
      `"${store}" cannot be reached or is too busy (${reason}). Try again.`,
      {
        ...cause,
        retryable: true,
      },
    );
  }
  if (refused.test(state)) {
    return new FaceKitError(
      "store-unavailable",
      `"${store}" refuses (${reason}, SQLSTATE ${state}). Check its address, user and permissions.`,
      cause,
    );
  }
  if (error instanceof Damage || damaged.test(state)) {
    return new FaceKitError(
      "store-corrupt",
      `"${store}" cannot be used: ${reason}. Nothing was changed. Restore it from a backup, or name another schema to start with an empty one.`,
      cause,
    );
  }
  if (state === "53100") {
    return new FaceKitError(
      "store-full",
      `"${store}" could not be written (${reason}); nothing of this write was kept. Free some space on its disk and try again.`,
      cause,
    );
  }
  if (state.startsWith("0A")) return new FaceKitError("not-supported", `"${store}" cannot do this: ${reason}.`, cause);
  if (state !== "") {
    return new FaceKitError("store-unavailable", `"${store}" failed (${reason}, SQLSTATE ${state}).`, cause);
  }
  return error;
}
