import type { CallOptions } from "@facekit/core";
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
  /** The same, fulfilled when it is done; rejects where it fails. */
  finish(build: IndexBuild, key: number, call?: CallOptions): Promise<void>;
  /** Ends the build under way. */
  close(handle: Handle<Tables>): Promise<void>;
}

/** The longest that an option allows: an hour. */
const buildTimeoutMs = 3_600_000;

export function indexBuilder(options: PostgresConnectionOptions): IndexBuilder {
  // A connection of its own, on which a statement may take long.
  const patient = { ...options, maxConnections: 1, statementTimeoutMs: buildTimeoutMs, retryMs: 0 };
  let handle: Handle<Tables> | undefined;
  let closed = false;
  let processId: number | undefined;
  let lastTurn: Promise<void> = Promise.resolve();
  const waiting = new Map<number, Promise<void>>();

  const tend = (build: IndexBuild, key: number): Promise<void> => {
    const before = waiting.get(key);
    if (before !== undefined) return before;
    const turn = lastTurn.then(async () => {
      // Whoever asks from now on may have made the namespace due.
      waiting.delete(key);
      if (closed) return;
      handle ??= postgresConnection<Tables>(adapterId, patient, recordMigrations).handle();
      try {
        await tendIndex(handle, build, key, (id) => {
          processId = id;
        });
      } catch (error) {
        if (!closed) throw error;
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
        const reason = error instanceof Error ? error.message : String(error);
        process.emitWarning(`An HNSW index could not be built, so searches stay exact: ${reason}`, {
          type: "FacekitWarning",
          code: adapterId,
        });
      });
    },

    async finish(build, key, call) {
      call?.signal?.throwIfAborted();
      await tend(build, key);
    },

    async close(store) {
      closed = true;
      const building = processId;
      if (building !== undefined && options.pglite === undefined) {
        await store.read((db) => sql`SELECT pg_cancel_backend(${building})`.execute(db)).catch(() => undefined);
      }
      await lastTurn;
      await handle?.release();
    },
  };
}
