import { abortable, type CallOptions, closedError, retry } from "@facekit/core";
import type { Kysely, Transaction } from "kysely";
import type { Runner } from "./runners.js";
import { OutcomeUnknown } from "./sessions.js";

export interface WriteOptions extends CallOptions {
  /**
   * The work may be done twice without harm to its answer: then it is also repeated where a connection broke off while
   * it was being committed. Default false: such a call rejects, and it is not known whether it was done.
   */
  readonly idempotent?: boolean;
}

/**
 * One part's share of a connection. Calls reject with the store's errors, `closed` after `release`. Work gets what it
 * may execute queries on.
 */
export interface Handle<Tables, Reading = Kysely<Tables>, Writing = Transaction<Tables>> {
  /** Names the store in errors. */
  readonly store: string;
  /** Compiles queries. What it executes is outside of any transaction and is not retried: use `read` and `write`. */
  readonly builder: Kysely<Tables>;
  /** Throws `closed` after `release`. */
  check(): void;
  /** For work of one statement: two may see two states. It is run again after a failure that passes. */
  read<T>(work: (db: Reading) => Promise<T>, options?: CallOptions): Promise<T>;
  /**
   * Work in one transaction, durable when the promise fulfils. It is run again from the start after a failure that
   * passes: a deadlock, a serialization failure, a connection that broke off before the commit.
   */
  write<T>(work: (db: Writing) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** A write after which what it deleted is overwritten where the database can do that. */
  erase<T>(work: (db: Writing) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** Calls under way end as they would; the last release closes the connection. */
  release(): Promise<void>;
}

export interface ConnectionParts<Tables, Reading, Writing> {
  readonly adapter: string;
  readonly store: string;
  readonly builder: Kysely<Tables>;
  readonly runner: Runner<Reading, Writing>;
  /** Runs before the first call, again after it failed: migrations. */
  readonly prepare: () => Promise<void>;
  readonly afterErasure?: () => Promise<void>;
  /** Says what a failure means for the caller. Those that may pass are `retryable`. */
  readonly explain: (error: unknown, doing: "read" | "write") => unknown;
  /** For how long calls are tried again, in milliseconds, and the longest wait between. */
  readonly retryMs: number;
  readonly maxDelayMs: number;
}

/** Opens on first use and closes when its last handle is released. */
export interface Connection<Tables, Reading = Kysely<Tables>, Writing = Transaction<Tables>> {
  handle(): Handle<Tables, Reading, Writing>;
}

export function createConnection<Tables, Reading, Writing>(
  parts: ConnectionParts<Tables, Reading, Writing>,
): Connection<Tables, Reading, Writing> {
  const { adapter, store, builder, runner, explain, retryMs, maxDelayMs } = parts;
  let handles = 0;
  let prepared: Promise<void> | undefined;

  const prepare = (): Promise<void> => {
    if (prepared === undefined) {
      const attempt = parts.prepare();
      prepared = attempt;
      attempt.catch(() => {
        prepared = undefined;
      });
    }
    return prepared;
  };

  const attempt = async <T>(
    doing: "read" | "write",
    work: () => Promise<T>,
    check: () => void,
    { signal, idempotent = doing === "read" }: WriteOptions,
  ): Promise<T> => {
    const once = async (): Promise<{ readonly value: T } | { readonly error: unknown }> => {
      check();
      signal?.throwIfAborted();
      try {
        await prepare();
        return { value: await work() };
      } catch (error) {
        if (signal?.aborted && error === signal.reason) throw error;
        const explained = explain(error, doing);
        if (error instanceof OutcomeUnknown && !idempotent) return { error: explained };
        throw explained;
      }
    };
    const retrying = retry(once, {
      deadlineMs: retryMs,
      initialDelayMs: Math.min(20, maxDelayMs),
      maxDelayMs,
      ...(signal && { signal }),
    });
    const outcome = await abortable(retrying, signal);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  };

  /** An abort before the commit writes nothing; later it is too late, and the call tells only the abort. */
  const transaction = <T>(work: (db: Writing) => Promise<T>, options: WriteOptions): Promise<T> =>
    runner.transaction(async (db) => {
      const result = await work(db);
      options.signal?.throwIfAborted();
      return result;
    });

  return {
    handle() {
      handles++;
      let released: Promise<void> | undefined;
      const check = (): void => {
        if (released !== undefined) throw closedError(adapter, store);
      };
      return {
        store,
        builder,
        check,
        read: (work, options = {}) => attempt("read", () => runner.read(work), check, options),
        write: (work, options = {}) => attempt("write", () => transaction(work, options), check, options),
        erase: (work, options = {}) =>
          attempt(
            "write",
            async () => {
              const result = await transaction(work, options);
              await parts.afterErasure?.();
              return result;
            },
            check,
            options,
          ),
        release() {
          if (released === undefined) {
            handles--;
            released = handles === 0 ? runner.close() : Promise.resolve();
          }
          return released;
        },
      };
    },
  };
}
