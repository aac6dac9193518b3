import { FaceKitError, isFaceKitError } from "@facekit/core";

/** Names this adapter in errors. */
export const adapterId = "store-mongodb";

/** What was read cannot be what was written. The message completes "… cannot be used: ". */
export class Damage extends Error {}

/** The server's error code, for example 11000; undefined where the error is not the server's. */
function codeOf(error: unknown): number | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : undefined;
}

/** By name and not by class: the application's client may come from another copy of the driver. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** Whether a document of the same key is there already: E11000. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === 11000;
}

/** Does without what is there already: a document of the same key, or a search index of the same name. */
export async function unlessThere(make: Promise<unknown>): Promise<void> {
  try {
    await make;
  } catch (error) {
    if (!isDuplicate(error) && codeOf(error) !== 68) throw error;
  }
}

/** Whether the server does not know such an index (FerretDB), or has one of that name that differs: an older version's. */
export function isRefusedIndex(error: unknown): boolean {
  return [85, 86, 238].includes(codeOf(error) ?? 0);
}

// Codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const notAllowed = [13, 18];
/** AtlasError: whatever it is that Atlas adds to a server. Only its message tells a wrong password from a full cluster. */
const atlas = 8000;
const full = [14031];
const tooLarge = [10334, 17419, 17420];
// 40234 is FerretDB's for 40324; 31082 and 6047401: no search process is there.
const unknownCommand = [59, 115, 40234, 40324, 31082, 6047401];
/** Of the specification of retryable writes, with lock and time limits, interruptions and write concerns that were not met. */
const transient = [
  6, 7, 24, 46, 50, 64, 79, 89, 91, 100, 112, 134, 189, 202, 262, 290, 317, 358, 384, 9001, 10107, 11600, 11602, 13435,
  13436, 91331,
];
const transientNames =
  /^Mongo(Network|NetworkTimeout|ServerSelection|OperationTimeout|Pool|ConnectionPool|WaitQueueTimeout|WriteConcern)/;
const closedNames = /^Mongo(NotConnected|TopologyClosed|ClientClosed|PoolClosed|ExpiredSession)/;

/** Says what a failure of the server or the driver means for the caller. Errors that are neither pass through. */
export function explain(error: unknown, store: string): unknown {
  if (isFaceKitError(error)) return error;
  // An insert of several wraps what broke it.
  if (error instanceof Error && "errorResponse" in error && error.errorResponse instanceof Error) {
    return explain(error.errorResponse, store);
  }
  const code = codeOf(error);
  const name = nameOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  const about = { adapter: adapterId, cause: withoutDocuments(error) };
  const fail = (kind: FaceKitError["code"], message: string, retryable = false): FaceKitError =>
    new FaceKitError(kind, message, { ...about, retryable });

  if (error instanceof Damage) {
    return fail(
      "store-corrupt",
      `"${store}" cannot be used: ${reason}. It was left as it is. Restore it from a backup.`,
    );
  }
  if ((code !== undefined && full.includes(code)) || (code === atlas && /quota/i.test(reason))) {
    return fail(
      "store-full",
      `"${store}" could not be written: the server is full (${reason}). Free some space there.`,
    );
  }
  // The driver refuses some of them itself, without a code.
  if ((code !== undefined && tooLarge.includes(code)) || (/^MongoInvalidArg/.test(name) && /larger/.test(reason))) {
    return fail(
      "invalid-argument",
      `An entry or the whole batch is larger than a document of MongoDB may be, 16 MB (${reason}). Write smaller ones.`,
    );
  }
  if (code === atlas || (code !== undefined && notAllowed.includes(code))) {
    return fail(
      "store-unavailable",
      `The server refused access to "${store}" (${reason}). Check user, password and roles: Facekit reads, writes and makes indexes there.`,
    );
  }
  if (code !== undefined && unknownCommand.includes(code)) {
    return fail(
      "not-supported",
      `The server of "${store}" does not know what is needed (${reason}). Vector search wants Atlas, or MongoDB 8.2 or newer with its search process.`,
    );
  }
  if (/^Mongo(Parse|InvalidArgument|MissingCredentials)/.test(name)) {
    return fail("invalid-argument", `The MongoDB driver does not accept how "${store}" is to be reached: ${reason}.`);
  }
  if (closedNames.test(name)) {
    return fail("store-unavailable", `The MongoClient of "${store}" was closed (${reason}).`);
  }
  if (transientNames.test(name) || (code !== undefined && transient.includes(code)) || isLabelled(error)) {
    return fail("store-unavailable", `The server of "${store}" does not answer or has no primary (${reason}).`, true);
  }
  if (name.startsWith("Mongo")) return fail("store-unavailable", `"${store}" could not be used (${reason}).`);
  return error;
}

/** What is kept of an error as a cause: the driver's own hold the documents that were being written, vectors and all. */
function withoutDocuments(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const kept = new Error(message, cause === undefined ? {} : { cause: withoutDocuments(cause) });
  const code = "code" in error ? { code: error.code } : {};
  return Object.assign(kept, { name, stack, ...code });
}

function isLabelled(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("hasErrorLabel" in error)) return false;
  const { hasErrorLabel } = error;
  return (
    typeof hasErrorLabel === "function" &&
    ["RetryableWriteError", "TransientTransactionError", "RetryableError"].some((label) =>
      Boolean(hasErrorLabel.call(error, label)),
    )
  );
}
