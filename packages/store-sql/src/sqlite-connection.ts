import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, closedError } from "@facekit/core";
import type { Database, Sql } from "./database.js";
import { adapterId, explain, isBusy } from "./failures.js";
import { openDatabase } from "./open-database.js";

/** One part's share of the connection. Calls reject with the store's errors, `closed` after `release`. */
export interface Handle {
  readonly file: string;
  /** Throws `closed` after `release`. */
  check(): void;
  /** For work of one statement: two may see two states. */
  read<T>(work: (sql: Sql) => T, options?: CallOptions): Promise<T>;
  /** Work in one transaction, durable when the promise fulfils. It may be run again after it failed. */
  write<T>(work: (sql: Sql) => T, options?: CallOptions): Promise<T>;
  /** A write after which what it deleted is gone from the write-ahead log too, unless another process is reading. */
  erase<T>(work: (sql: Sql) => T, options?: CallOptions): Promise<T>;
  release(): void;
}

/**
 * A connection that opens on first use and closes when its last handle is released. Work is synchronous, so that
 * callers of one process never meet inside a transaction; where another process holds the lock, it is tried again
 * until `busyTimeoutMs` have passed.
 */
export function createConnection(file: string, busyTimeoutMs: number): { handle(): Handle } {
  let db: Database | undefined;
  let handles = 0;

  const attempt = async <T>(doing: "read" | "write", work: (db: Database) => T, check: () => void): Promise<T> => {
    const deadline = performance.now() + busyTimeoutMs;
    for (;;) {
      check();
      try {
        db ??= openDatabase(file);
        return work(db);
      } catch (error) {
        if (!isBusy(error) || performance.now() >= deadline) throw explain(error, file, doing);
      }
      await sleep(2 + Math.random() * 18);
    }
  };

  const close = (): void => {
    if (db === undefined) return;
    fold(db);
    db.close();
    db = undefined;
  };

  return {
    handle() {
      handles++;
      let released = false;
      const check = (): void => {
        if (released) throw closedError(adapterId, file);
      };
      const checkFor = (options: CallOptions | undefined) => (): void => {
        check();
        options?.signal?.throwIfAborted();
      };
      return {
        file,
        check,
        read: (work, options) => attempt("read", work, checkFor(options)),
        write: (work, options) => attempt("write", (open) => open.transaction(work), checkFor(options)),
        erase: (work, options) =>
          attempt(
            "write",
            (open) => {
              const result = open.transaction(work);
              fold(open);
              return result;
            },
            checkFor(options),
          ),
        release() {
          if (released) return;
          released = true;
          handles--;
          if (handles === 0) close();
        },
      };
    },
  };
}

/** The write is safe in the log already; folding that into the file can be made up for later. */
function fold(db: Database): void {
  try {
    db.checkpoint();
  } catch {
    // Another connection is at work, or the disk is full: the next checkpoint does it.
  }
}
