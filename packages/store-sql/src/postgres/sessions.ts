import type { CompiledQuery, QueryResult } from "kysely";
import { answerOf, ConnectionLost, type Session, type SessionPool, within } from "../sessions.js";
import { sqlStateOf } from "./failures.js";

/** What is used of a `Pool` of the package `pg`. */
export interface PgPool {
  connect(): Promise<PgClient>;
  end(): Promise<void>;
}

export interface PgClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: unknown[]; readonly rowCount: number | null; readonly command: string }>;
  release(destroy?: boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of a `PGlite`. */
export interface Pglite {
  query<T>(text: string, values?: unknown[]): Promise<PgliteAnswer<T>>;
  transaction<T>(work: (transaction: PgliteTransaction) => Promise<T>): Promise<T>;
}

export interface PgliteTransaction {
  query<T>(text: string, values?: unknown[]): Promise<PgliteAnswer<T>>;
}

export interface PgliteAnswer<T> {
  readonly rows: T[];
  readonly affectedRows?: number;
}

/** Sessions of a pool of connections. The pool is made when the first is asked for. */
export function pgSessions(open: () => Promise<PgPool>, owned: boolean, timeoutMs: number): SessionPool {
  let opened: Promise<PgPool> | undefined;
  return {
    async acquire() {
      opened ??= open();
      const pool = await opened.catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      const connecting = pool.connect().catch((error: unknown) => {
        throw sqlStateOf(error) === "" ? lost(error) : error;
      });
      const client = await within(timeoutMs, "connecting", connecting, (late) => late.release());
      return new PgSession(client, timeoutMs);
    },
    async close() {
      if (owned) await (await opened)?.end();
    },
  };
}

class PgSession implements Session {
  readonly #client: PgClient;
  readonly #timeoutMs: number;
  #broken = false;
  // Without a listener, a connection that breaks off would end the process.
  readonly #onError = (): void => {
    this.#broken = true;
  };

  constructor(client: PgClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    client.on("error", this.#onError);
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery<R>): Promise<QueryResult<R>> {
    const { rows, rowCount } = await this.#send(sql, [...parameters]);
    return answerOf(rows, rowCount ?? 0);
  }

  async begin(): Promise<void> {
    // Whatever the server's default is: each statement must see what was committed before it.
    await this.#send("START TRANSACTION ISOLATION LEVEL READ COMMITTED");
  }

  async commit(): Promise<void> {
    const { command } = await this.#send("COMMIT");
    // So PostgreSQL answers where a statement of the transaction had failed.
    if (command === "ROLLBACK") throw new Error("the transaction was rolled back");
  }

  async rollback(): Promise<void> {
    if (!this.#broken) await this.#send("ROLLBACK").catch(this.#onError);
  }

  release(): void {
    this.#client.release(this.#broken);
    // After that, for a connection that is closed may break off while closing.
    if (!this.#broken) this.#client.off("error", this.#onError);
  }

  async #send(sql: string, parameters?: unknown[]): ReturnType<PgClient["query"]> {
    if (this.#broken) throw new ConnectionLost("the connection broke off");
    try {
      return await within(this.#timeoutMs, "a statement", this.#client.query(sql, parameters));
    } catch (error) {
      if (sqlStateOf(error) !== "" && !isFatal(error)) throw withoutValues(error);
      this.#broken = true;
      throw error instanceof ConnectionLost ? error : lost(error);
    }
  }
}

/** Takes the values of a statement, vectors perhaps, out of its error: errors are logged. */
function withoutValues(error: unknown): unknown {
  if (error instanceof Error) for (const name of ["params", "detail", "where"]) Reflect.deleteProperty(error, name);
  return error;
}

/** The server ends the connection with its answer. */
function isFatal(error: unknown): boolean {
  return error instanceof Error && "severity" in error && (error.severity === "FATAL" || error.severity === "PANIC");
}

function lost(error: unknown): ConnectionLost {
  return new ConnectionLost(error instanceof Error ? error.message : String(error), { cause: error });
}

/** Sessions of an instance in the process, which the caller opened and closes. It does one thing after the other. */
export function pgliteSessions(pglite: Pglite): SessionPool {
  return { acquire: async () => new PgliteSession(pglite), close: async () => undefined };
}

/**
 * PGlite takes a byte order mark (U+FEFF) from the front of the texts that it reads, so such texts get a zero width space
 * (U+200B) before it, and those that begin with one get another.
 */
function shielded(value: unknown): unknown {
  return typeof value === "string" && /^[\u200B\uFEFF]/.test(value) ? `\u200B${value}` : value;
}

function unshielded(row: object): object {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === "string" && value.startsWith("\u200B")) Reflect.set(row, name, value.slice(1));
  }
  return row;
}

class PgliteSession implements Session {
  readonly #pglite: Pglite;
  #transaction:
    | { readonly sql: PgliteTransaction; end(error?: Error): void; readonly ended: Promise<void> }
    | undefined;

  constructor(pglite: Pglite) {
    this.#pglite = pglite;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery<R>): Promise<QueryResult<R>> {
    const on = this.#transaction?.sql ?? this.#pglite;
    try {
      const { rows, affectedRows } = await on.query<object>(sql, parameters.map(shielded));
      return answerOf(rows.map(unshielded), affectedRows ?? 0);
    } catch (error) {
      throw withoutValues(error);
    }
  }

  /** By PGlite's own transaction, which keeps out the other users of the instance. It stays open until `end`. */
  begin(): Promise<void> {
    return new Promise((begun, failed) => {
      const ended = this.#pglite.transaction(
        (sql) =>
          new Promise<void>((resolve, reject) => {
            const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
            this.#transaction = { sql, end, ended: settled };
            begun();
          }),
      );
      const settled = ended.finally(() => {
        this.#transaction = undefined;
      });
      settled.catch(failed);
    });
  }

  async commit(): Promise<void> {
    const transaction = this.#transaction;
    transaction?.end();
    await transaction?.ended;
  }

  async rollback(): Promise<void> {
    const transaction = this.#transaction;
    transaction?.end(new Error("rolled back"));
    await transaction?.ended.catch(() => undefined);
  }

  release(): void {}
}
