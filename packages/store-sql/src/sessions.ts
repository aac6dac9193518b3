import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from "kysely";
import type { Executor } from "./runners.js";

/** One connection to a database, lent to one caller at a time. Rejects with the client's own errors. */
export interface Session extends Executor {
  begin(): Promise<void>;
  commit(): Promise<void>;
  /** Never rejects: a session that cannot roll back is not lent again, and the server then does it. */
  rollback(): Promise<void>;
  release(): void;
}

/** Where sessions come from. */
export interface SessionPool {
  acquire(): Promise<Session>;
  /** Waits for the sessions that are lent. */
  close(): Promise<void>;
}

/** The connection broke off, or the server did not answer in time. What it did of the last statement is not known. */
export class ConnectionLost extends Error {}

/** The connection broke off while a transaction was being committed: it is not known whether it was. */
export class OutcomeUnknown extends Error {}

/** Makes a Kysely dialect run on a pool of sessions. */
export function dialectOf(pool: SessionPool, parts: Omit<Dialect, "createDriver">): Dialect {
  return {
    createDriver: () => new SessionDriver(pool),
    createAdapter: () => parts.createAdapter(),
    createIntrospector: (db) => parts.createIntrospector(db),
    createQueryCompiler: () => parts.createQueryCompiler(),
  };
}

class SessionConnection implements DatabaseConnection {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.session.executeQuery<R>(query);
  }

  // biome-ignore lint/correctness/useYield: pages are read by key instead
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("Streams are not used.");
  }
}

class SessionDriver implements Driver {
  readonly #pool: SessionPool;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new SessionConnection(await this.#pool.acquire());
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await sessionOf(connection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await sessionOf(connection).commit();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      throw new OutcomeUnknown(error.message, { cause: error });
    }
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await sessionOf(connection).rollback();
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    sessionOf(connection).release();
  }

  async destroy(): Promise<void> {
    await this.#pool.close();
  }
}

function sessionOf(connection: DatabaseConnection): Session {
  if (connection instanceof SessionConnection) return connection.session;
  throw new TypeError("The connection is of another driver.");
}

/** What a statement gave back: rows as objects, and how many it inserted, changed or deleted. */
export function answerOf<R>(rows: readonly unknown[], changes: number): QueryResult<R> {
  // Which type rows have is Kysely's word, by the query; their values are checked where they are read.
  return { rows: rows as R[], numAffectedRows: BigInt(changes) };
}

/**
 * Rejects with `ConnectionLost` where the promise is not settled in time. What it then still brings is handed to `late`,
 * so that a session that comes too late is not kept lent.
 */
export async function within<T>(
  milliseconds: number,
  doing: string,
  promise: Promise<T>,
  late?: (value: T) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      over = true;
      reject(new ConnectionLost(`no answer to ${doing} in ${milliseconds} ms`));
    }, milliseconds);
  });
  promise.then(
    (value) => {
      if (over) late?.(value);
    },
    () => undefined,
  );
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
