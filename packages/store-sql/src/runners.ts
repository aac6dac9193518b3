import type { CompiledQuery, Kysely, QueryResult, Transaction } from "kysely";
import type { Session, SessionPool } from "./sessions.js";

/** What runs queries that were compiled before. */
export interface Executor {
  executeQuery<R>(query: CompiledQuery<R>): Promise<QueryResult<R>>;
}

/** Runs work on connections. */
export interface Runner<Reading, Writing> {
  read<T>(work: (db: Reading) => Promise<T>): Promise<T>;
  /** All or nothing. */
  transaction<T>(work: (db: Writing) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function kyselyRunner<Tables>(kysely: Kysely<Tables>): Runner<Kysely<Tables>, Transaction<Tables>> {
  return {
    read: (work) => work(kysely),
    transaction: (work) => kysely.transaction().execute(work),
    close: () => kysely.destroy(),
  };
}

/** Without the layers of Kysely's executors, which cost about 30 µs a write: a sixth of it in SQLite, but for the disk. */
export function sessionRunner(pool: SessionPool): Runner<Executor, Executor> {
  const lent = async <T>(use: (session: Session) => Promise<T>): Promise<T> => {
    const session = await pool.acquire();
    try {
      return await use(session);
    } finally {
      session.release();
    }
  };
  return {
    read: (work) => lent((session) => work(session)),
    transaction: (work) =>
      lent(async (session) => {
        await session.begin();
        try {
          const result = await work(session);
          await session.commit();
          return result;
        } catch (error) {
          await session.rollback();
          throw error;
        }
      }),
    close: () => pool.close(),
  };
}
