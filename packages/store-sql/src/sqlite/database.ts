import Libsql from "libsql";

type SqlValue = string | number | Uint8Array | null;

interface Answer {
  /** As objects. */
  readonly rows: readonly unknown[];
  readonly changes: number;
}

interface Prepared {
  readonly statement: Libsql.Statement<unknown[]>;
  /** Names of what it returns; undefined where it returns nothing. */
  readonly columns: readonly string[] | undefined;
}

/**
 * One libsql connection with its prepared statements. Calls are synchronous and throw libsql's own errors.
 *
 * Only `all` and `run` are used, which always step a statement to its end: one left in the middle would keep a read
 * lock that stops the write-ahead log from being folded into the file.
 */
export class Database {
  readonly #db: Libsql.Database;
  readonly #statements = new Map<string, Prepared>();

  constructor(file: string) {
    // Timeout 0: libsql would wait by blocking the thread; the connection waits instead.
    this.#db = new Libsql(file, { timeout: 0 });
  }

  get inTransaction(): boolean {
    return this.#db.inTransaction;
  }

  query(sql: string, parameters: readonly unknown[]): Answer {
    const { statement, columns } = this.#statement(sql);
    const values = parameters.map(checked);
    // As an array: libsql aborts the process on a lone Buffer.
    if (columns === undefined) return { rows: [], changes: statement.run(values).changes };
    return { rows: statement.all(values).map((row) => toObject(columns, row)), changes: 0 };
  }

  /** The first value of the first row. */
  value(sql: string): unknown {
    const [row] = this.query(sql, []).rows;
    return typeof row === "object" && row !== null ? Object.values(row)[0] : undefined;
  }

  /** Runs statements that take no values and return nothing. */
  script(sql: string): void {
    this.#db.exec(sql);
  }

  /** All or nothing. */
  transaction<T>(work: () => T): T {
    this.begin();
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Takes the write lock at once, so that what the work reads stays true until it has written. */
  begin(): void {
    this.query("BEGIN IMMEDIATE", []);
  }

  commit(): void {
    this.query("COMMIT", []);
  }

  rollback(): void {
    // After some failures, a full disk among them, SQLite has rolled back by itself.
    if (this.inTransaction) this.script("ROLLBACK");
  }

  /** Folds the write-ahead log into the file and empties it; less of it while another connection reads or writes. */
  checkpoint(): void {
    this.query("PRAGMA wal_checkpoint(TRUNCATE)", []);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): Prepared {
    let prepared = this.#statements.get(sql);
    if (prepared === undefined) {
      const statement = this.#db.prepare(sql);
      const columns = statement.reader ? statement.columns().map(({ name }) => name) : undefined;
      // Raw rows: objects would come with blobs as ArrayBuffer and an extra `_metadata` key.
      if (columns !== undefined) statement.raw();
      prepared = { statement, columns };
      this.#statements.set(sql, prepared);
    }
    return prepared;
  }
}

function checked(value: unknown): SqlValue {
  if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array) {
    return value;
  }
  throw new TypeError(`SQLite takes no ${typeof value}.`);
}

function toObject(columns: readonly string[], row: unknown): object {
  const values: readonly unknown[] = Array.isArray(row) ? row : [];
  const object: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) object[columns[i] ?? ""] = values[i];
  return object;
}
