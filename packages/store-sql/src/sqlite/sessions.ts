import type { CompiledQuery, QueryResult } from "kysely";
import { answerOf, type Session, type SessionPool } from "../sessions.js";
import type { Database } from "./database.js";
import { openDatabase } from "./open-database.js";

export interface SqliteSessions extends SessionPool {
  /** Folds the write-ahead log into the file, so that what was deleted is in neither. */
  fold(): Promise<void>;
}

/**
 * The one connection of this process to the file, lent to one caller after the other, so that none sees or joins the
 * transaction of another. It opens when it is first lent.
 */
export function sqliteSessions(file: string): SqliteSessions {
  let db: Database | undefined;
  let last: Promise<void> = Promise.resolve();

  const turn = async (): Promise<() => void> => {
    const before = last;
    let end = (): void => undefined;
    last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  };

  return {
    async acquire() {
      const end = await turn();
      try {
        db ??= openDatabase(file);
        return new SqliteSession(db, end);
      } catch (error) {
        end();
        throw error;
      }
    },
    async fold() {
      const end = await turn();
      if (db !== undefined) fold(db);
      end();
    },
    async close() {
      const end = await turn();
      if (db !== undefined) {
        fold(db);
        db.close();
        db = undefined;
      }
      end();
    },
  };
}

class SqliteSession implements Session {
  readonly #db: Database;
  readonly release: () => void;

  constructor(db: Database, release: () => void) {
    this.#db = db;
    this.release = release;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery<R>): Promise<QueryResult<R>> {
    const { rows, changes } = this.#db.query(sql, parameters);
    return answerOf(rows, changes);
  }

  async begin(): Promise<void> {
    this.#db.begin();
  }

  async commit(): Promise<void> {
    this.#db.commit();
  }

  async rollback(): Promise<void> {
    this.#db.rollback();
  }
}

/** The write is safe in the log already; folding that into the file can be made up for later. */
function fold(db: Database): void {
  try {
    db.checkpoint();
  } catch {
    // Another connection is at work, or the disk is full: the next checkpoint does it.
  }
}
