import {
  abortable,
  type CallOptions,
  checkKeys,
  checkNumber,
  checkText,
  closedError,
  FaceKitError,
  importClient,
  retry,
} from "@facekit/core";
import type { Collection, Db, IndexDescription, MongoClient } from "mongodb";
import { adapterId, explain } from "./failures.js";

/** Where the data lie. One of `url` and `client` is wanted. */
export interface MongodbConnectionOptions {
  /** A connection string. The client that is made of it is closed with the store. */
  readonly url?: string;
  /** The application's own client, of driver 7. It stays open. */
  readonly client?: MongoClient;
  /**
   * The database: up to 63 bytes, without spaces and `/\\."$*<>:|?`. Default: the one that the connection string names, else
   * `"facekit"`. A `client` does not tell whether "test" was named or is the driver's own default: it counts as none.
   */
  readonly database?: string;
  /**
   * How long a call goes on trying while the server does not answer, has no primary or drops connections, in
   * milliseconds, before it rejects with `store-unavailable`. Default 30,000.
   */
  readonly timeoutMs?: number;
}

/** A document as it comes: nothing is known of it. */
export interface Fields {
  readonly [field: string]: unknown;
}

/** A document as it is stored. */
interface Stored extends Fields {
  readonly _id: string | number;
}

type Driver = typeof import("mongodb");

/** The largest `timeoutMs`. */
const mostTimeoutMs = 3_600_000;

/** No write waits longer between its beginning and the last look for its commit, in milliseconds. */
export const longestWriteMs: number = 2 * mostTimeoutMs;

/** What work on the server is given. */
export interface Server {
  readonly driver: Driver;
  /** How long one command may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The server's time, which is the same for all its clients. */
  now(): Date;
  /** A collection of Facekit's. Acknowledged writes are on a majority's disks; reads see those alone. */
  collection(name: string): Collection<Stored>;
  /**
   * The same for `$vectorSearch` and the management of its indexes, which know no other read concern than `local`, and
   * no time limit.
   */
  searchable(name: string): Collection<Stored>;
  /** Makes those indexes that are missing, however long that takes. */
  index(collection: string, indexes: readonly IndexDescription[]): Promise<void>;
}

export interface RunOptions extends CallOptions {
  /** No attempt begins after this moment of `performance.now()`. Default: in `timeoutMs`. */
  readonly deadline?: number;
}

/** One part's share of the connection. */
export interface Handle {
  readonly timeoutMs: number;
  /** Names the store in messages: never with the password. */
  readonly store: string;
  /** Throws `closed` after `release`. */
  check(): void;
  /**
   * Runs idempotent work, again while it fails for reasons that may pass, until the time limit. Rejects with the
   * store's errors, `closed` after `release`, and with the signal's reason at once, while an attempt under way ends as
   * it would.
   */
  run<T>(work: (server: Server) => Promise<T>, options?: RunOptions): Promise<T>;
  release(): Promise<void>;
}

/** A connection that opens on first use and, where the client is its own, closes when its last handle is released. */
export function createConnection(name: string, options: MongodbConnectionOptions): { handle(): Handle } {
  const { url, client: given, timeoutMs = 30_000 } = options;
  if ((url === undefined) === (given === undefined)) {
    throw new FaceKitError("invalid-argument", `${name} wants one of url and client.`, { adapter: adapterId });
  }
  if (url !== undefined) checkText("url", url);
  if (given !== undefined && !(typeof given === "object" && given !== null && typeof given.db === "function")) {
    throw new FaceKitError("invalid-argument", `client wants a MongoClient of the driver "mongodb".`, {
      adapter: adapterId,
    });
  }
  if (options.database !== undefined) checkDatabase(options.database);
  checkNumber("timeoutMs", timeoutMs, { min: 1, max: mostTimeoutMs, integer: true });
  let opened: Promise<{ client: MongoClient; db: Db; driver: Driver }> | undefined;
  let now: (() => Date) | undefined;
  let store = options.database ?? "facekit";
  let handles = 0;

  const open = async (): Promise<{ client: MongoClient; db: Db; driver: Driver }> => {
    const driver = await importClient<Driver>(adapterId, "mongodb@7", () => import("mongodb"));
    const client =
      given ?? new driver.MongoClient(url ?? "", { appName: "facekit", serverSelectionTimeoutMS: timeoutMs });
    store = options.database ?? namedBy(client, url) ?? "facekit";
    const db = client.db(store, {
      readPreference: "primary",
      readConcern: new driver.ReadConcern("majority"),
      writeConcern: { w: "majority", journal: true },
      timeoutMS: timeoutMs,
    });
    return { client, db, driver };
  };

  const serverOf = ({ db, driver }: { db: Db; driver: Driver }, clock: () => Date): Server => ({
    driver,
    timeoutMs,
    now: clock,
    collection: (collection) => db.collection<Stored>(`facekit.${collection}`),
    searchable: (collection) =>
      db.collection<Stored>(`facekit.${collection}`, {
        readConcern: new driver.ReadConcern("local"),
        timeoutMS: 0,
      }),
    async index(collection, indexes) {
      const patient = db.collection<Stored>(`facekit.${collection}`, { timeoutMS: 0 });
      // One by one: FerretDB 1 drops the connection where some of several are there already.
      for (const { key, ...options } of indexes) await patient.createIndex(key, options);
    },
  });

  const close = async (): Promise<void> => {
    const closing = opened;
    opened = undefined;
    if (given === undefined) await (await closing)?.client.close();
  };

  return {
    handle() {
      handles++;
      let released = false;
      const check = (): void => {
        if (released) throw closedError(adapterId, store);
      };
      return {
        timeoutMs,
        get store() {
          return store;
        },
        check,
        run(work, { signal, deadline = performance.now() + timeoutMs } = {}) {
          const retrying = retry(
            async () => {
              check();
              try {
                opened ??= open().catch((error: unknown) => {
                  opened = undefined;
                  throw error;
                });
                const server = await opened;
                now ??= await clockOf(server.db);
                return await work(serverOf(server, now));
              } catch (error) {
                check();
                throw explain(error, store);
              }
            },
            {
              deadlineMs: Math.max(0, deadline - performance.now()),
              initialDelayMs: 20,
              maxDelayMs: 1_000,
              ...(signal && { signal }),
            },
          );
          return abortable(retrying, signal);
        },
        async release() {
          if (released) return;
          released = true;
          handles--;
          if (handles === 0) await close();
        },
      };
    },
  };
}

function checkDatabase(name: unknown): void {
  checkText("database", name);
  // https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
  if (!/^[^/\\. "$*<>:|?]+$/.test(name) || Buffer.byteLength(name) > 63) {
    throw new FaceKitError(
      "invalid-argument",
      `database wants 1 to 63 bytes without spaces and /\\."$*<>:|?; got ${JSON.stringify(name.slice(0, 80))}.`,
      { adapter: adapterId },
    );
  }
}

/** The database that a connection string names. "test" is what the driver takes where none is named. */
function namedBy({ options: { dbName } }: MongoClient, url: string | undefined): string | undefined {
  const named = url === undefined ? dbName !== "test" : /^[^/]*\/\/[^/]*\/[^?]/.test(url);
  return named ? dbName : undefined;
}

/** Asks for the time once and counts on from there: the clocks of clients differ, and may be set while they run. */
async function clockOf(db: Db): Promise<() => Date> {
  const { localTime } = await db.command({ hello: 1 });
  const began = (localTime instanceof Date ? localTime.getTime() : Date.now()) - performance.now();
  return () => new Date(began + performance.now());
}

/** Checks the names of options beside those of the connection. */
export function checkOptions(name: string, options: object, more: readonly string[]): void {
  checkKeys(name, options, ["url", "client", "database", "timeoutMs", ...more]);
}
