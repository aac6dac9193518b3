import type { CompiledQuery, QueryResult } from "kysely";
import { errnoOf, reasonOf } from "../failures.js";
import { answerOf, ConnectionLost, type Session, type SessionPool, within } from "../sessions.js";

/** What is used of a pool of `mysql2/promise`. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
  end(): Promise<void>;
}

export interface MysqlConnection {
  query(text: string): Promise<readonly [result: unknown, fields: unknown]>;
  execute(text: string, values: MysqlValue[]): Promise<readonly [result: unknown, fields: unknown]>;
  release(): void;
  destroy(): void;
}

export type MysqlValue = string | number | Buffer | Uint8Array | null;

/** Sessions of a pool of connections. The pool is made when the first is asked for. */
export function mysqlSessions(open: () => Promise<MysqlPool>, owned: boolean, timeoutMs: number): SessionPool {
  let opened: Promise<MysqlPool> | undefined;
  return {
    async acquire() {
      opened ??= open();
      const pool = await opened.catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      const connecting = pool.getConnection().catch((error: unknown) => {
        throw isAnswer(error) ? error : lost(error);
      });
      const connection = await within(timeoutMs, "connecting", connecting, (late) => late.release());
      return new MysqlSession(connection, timeoutMs);
    },
    async close() {
      if (owned) await (await opened)?.end();
    },
  };
}

class MysqlSession implements Session {
  readonly #connection: MysqlConnection;
  readonly #timeoutMs: number;
  #broken = false;

  constructor(connection: MysqlConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** By prepared statements: values never become part of the text, whatever the server's SQL mode. */
  async executeQuery<R>({ sql, parameters }: CompiledQuery<R>): Promise<QueryResult<R>> {
    const result = await this.#send(
      parameters.length === 0
        ? () => this.#connection.query(sql)
        : () => this.#connection.execute(sql, parameters.map(checked)),
    );
    return Array.isArray(result) ? answerOf(result, 0) : answerOf([], changesIn(result));
  }

  async begin(): Promise<void> {
    await this.#send(() => this.#connection.query("START TRANSACTION"));
  }

  async commit(): Promise<void> {
    await this.#send(() => this.#connection.query("COMMIT"));
  }

  async rollback(): Promise<void> {
    if (this.#broken) return;
    await this.#send(() => this.#connection.query("ROLLBACK")).catch(() => {
      this.#broken = true;
    });
  }

  release(): void {
    if (this.#broken) this.#connection.destroy();
    else this.#connection.release();
  }

  async #send(send: () => Promise<readonly [result: unknown, fields: unknown]>): Promise<unknown> {
    if (this.#broken) throw new ConnectionLost("the connection broke off");
    try {
      const [result] = await within(this.#timeoutMs, "a statement", send());
      return result;
    } catch (error) {
      if (isAnswer(error) && !endsConnection.test(errnoOf(error))) throw error;
      this.#broken = true;
      throw error instanceof ConnectionLost ? error : lost(error);
    }
  }
}

/** Codes with which the server says that the connection is over. */
const endsConnection = /^ER_(SERVER_SHUTDOWN|CONNECTION_KILLED|NORMAL_SHUTDOWN|CLIENT_INTERACTION_TIMEOUT)$/;

/** Whether the error is the server's answer; others come from the way to it. */
export function isAnswer(error: unknown): boolean {
  return typeof error === "object" && error !== null && "sqlState" in error && errnoOf(error).startsWith("ER_");
}

function lost(error: unknown): ConnectionLost {
  return new ConnectionLost(reasonOf(error), { cause: error });
}

function checked(value: unknown): MysqlValue {
  if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array) {
    return value;
  }
  throw new TypeError(`MySQL takes no ${typeof value}.`);
}

function changesIn(result: unknown): number {
  const changes =
    typeof result === "object" && result !== null && "affectedRows" in result ? result.affectedRows : undefined;
  return typeof changes === "number" ? changes : 0;
}
