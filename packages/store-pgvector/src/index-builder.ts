import { setTimeout as pause } from "node:timers/promises";
import { abortable, type CallOptions, closedError } from "@facekit/core";
import {
  type Handle,
  type PostgresConnectionOptions,
  postgresConnection,
  recordMigrations,
  type Tables,
} from "@facekit/store-sql/postgres";
import { sql } from "kysely";
import { adapterId } from "./adapter-id.js";
import { type IndexBuild, tendIndex } from "./hnsw-indexes.js";

/** Builds indexes one after the other, while the store goes on. */
export interface IndexBuilder {
  /** Looks after the index of a namespace. What fails is told as a warning of the process: searches are exact meanwhile. */
  begin(build: IndexBuild, key: number): void;
  /**
   * The same, fulfilled when it is done: false where another process is at it. Rejects where it fails, and with `closed`.
   * An abort ends the waiting alone.
   */
  finish(build: IndexBuild, key: number, call?: CallOptions): Promise<boolean>;
  /** Ends the build under way, where the server can be reached. */
  close(handle: Handle<Tables>): Promise<void>;
}

/** The most that an option allows: 24 days. A build takes as long as it takes. */
const buildTimeoutMs = 2_147_483_647;

/** How often a build that is to end is cancelled. One statement may follow another, and only running ones are. */
const cancelEachMs = 100;

export function indexBuilder(options: PostgresConnectionOptions, store: string): IndexBuilder {
  const { statementTimeoutMs = 30_000 } = options;
  const patient = { ...options, maxConnections: 1, statementTimeoutMs: buildTimeoutMs, retryMs: 0 };
  let handle: Handle<Tables> | undefined;
  let closed = false;
  let processId: number | undefined;
  let lastTurn: Promise<unknown> = Promise.resolve();
  const waiting = new Map<number, Promise<boolean>>();

  const check = (): void => {
    if (closed) throw closedError(adapterId, store);
  };

  const tend = (build: IndexBuild, key: number): Promise<boolean> => {
    const before = waiting.get(key);
    if (before !== undefined) return before;
    const turn = lastTurn.then(async () => {
      // Whoever asks from now on may have made the namespace due.
      waiting.delete(key);
      check();
      handle ??= postgresConnection<Tables>(adapterId, patient, recordMigrations).handle();
      try {
        return await tendIndex(handle, build, key, (id) => {
          check();
          processId = id;
        });
      } catch (error) {
        check();
        throw error;
      } finally {
        processId = undefined;
      }
    });
    waiting.set(key, turn);
    lastTurn = turn.catch(() => undefined);
    return turn;
  };

  return {
    begin(build, key) {
      tend(build, key).catch((error: unknown) => {
        if (closed) return;
        const reason = error instanceof Error ? error.message : String(error);
        process.emitWarning(`An HNSW index could not be built, so searches stay exact: ${reason}`, {
          type: "FacekitWarning",
          code: adapterId,
        });
      });
    },

    async finish(build, key, call) {
      call?.signal?.throwIfAborted();
      return abortable(tend(build, key), call?.signal);
    },

    async close(handleOfStore) {
      closed = true;
      let over = false;
      const ended = lastTurn.then(() => {
        over = true;
      });
      // One that waits for a connection cannot be cancelled: it ends by itself, as soon as it has one. A server that does
      // not answer is not waited for.
      let deadline = performance.now() + statementTimeoutMs;
      while (!over && (options.pglite !== undefined || performance.now() < deadline)) {
        const building = processId;
        if (building !== undefined && options.pglite === undefined) {
          const cancel = handleOfStore.read((db) => sql`SELECT pg_cancel_backend(${building})`.execute(db));
          await cancel.then(
            () => {
              deadline = performance.now() + statementTimeoutMs;
            },
            () => undefined,
          );
        }
        await Promise.race([ended, pause(cancelEachMs)]);
      }
      const released = handle?.release();
      if (over) await released;
    },
  };
}
