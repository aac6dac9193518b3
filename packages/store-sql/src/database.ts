import Libsql from "libsql";

export type SqlValue = string | number | Buffer | null;

/** Values in the order of the selected columns. */
export type Row = readonly unknown[];

/** What runs inside one read or one transaction. */
export interface Sql {
  rows(sql: string, ...values: SqlValue[]): Row[];
  /** Tells how many rows changed. */
  run(sql: string, ...values: SqlValue[]): number;
}

/**
 * One libsql connection with its prepared statements. Calls are synchronous and throw libsql's own errors.
 *
 * Only `all` and `run` are used, which always step a statement to its end: one left in the middle would keep a read
 * lock that stops the write-ahead log from being folded into the file.
 */
export class Database implements Sql {
  readonly #db: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement<unknown[]>>();

  constructor(file: string) {
    // Timeout 0: libsql would wait by blocking the thread; `createConnection` waits instead.
    this.#db = new Libsql(file, { timeout: 0 });
  }

  rows(sql: string, ...values: SqlValue[]): Row[] {
    // Raw rows: objects come with blobs as ArrayBuffer and an extra `_metadata` key.
    return this.#statement(sql)
      .raw()
      .all(values)
      .map((row) => (Array.isArray(row) ? row : []));
  }

  run(sql: string, ...values: SqlValue[]): number {
    // As an array: libsql aborts the process on a lone Buffer.
    return this.#statement(sql).run(values).changes;
  }

  /** The first value of the first row. */
  value(sql: string): unknown {
    return this.rows(sql)[0]?.[0];
  }

  /** Runs statements that take no values and return nothing. */
  script(sql: string): void {
    this.#db.exec(sql);
  }

  /** All or nothing. Takes the write lock at once, so that what the work reads stays true until it has written. */
  transaction<T>(work: (sql: Sql) => T): T {
    this.script("BEGIN IMMEDIATE");
    try {
      const result = work(this);
      this.script("COMMIT");
      return result;
    } catch (error) {
      // After some failures, a full disk among them, SQLite has rolled back by itself.
      if (this.#db.inTransaction) this.script("ROLLBACK");
      throw error;
    }
  }

  /** Folds the write-ahead log into the file and empties it; less of it while another connection reads or writes. */
  checkpoint(): void {
    this.rows("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): Libsql.Statement<unknown[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
