/** Names this adapter in errors. */
export const adapterId = "store-sql";

/** What was read cannot be what was written. The message completes "… cannot be used: ". */
export class Damage extends Error {}

/** The `code` of a system or database error, for example `"ENOSPC"` or `"SQLITE_BUSY"`. */
export function errnoOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}

/** What an error says, for the middle of a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
