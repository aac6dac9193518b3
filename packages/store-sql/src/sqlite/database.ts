import Libsql from "libsql";
import { Damage } from "../failures.js";

type SqlValue = string | number | Uint8Array | null;

interface Answer {
  /** As objects. */
  readonly rows: readonly unknown[];
  readonly changes: number;
}

interface Column {
  readonly name: string;
  /** As its table declares it; null for what is computed. */
  readonly type: string | null;
}

interface Prepared {
  readonly statement: Libsql.Statement<unknown[]>;
  /** What it returns; undefined where it returns nothing. */
  readonly columns: readonly Column[] | undefined;
}

/** A byte order mark is a character like others. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
      let statement = this.#db.prepare(sql);
      const columns = statement.reader ? statement.columns() : undefined;
      if (columns !== undefined) {
        if (/^select\b/i.test(sql)) statement = this.#db.prepare(asBytes(sql, columns));
        // Raw rows: objects would come with blobs as ArrayBuffer and an extra `_metadata` key.
        statement.raw();
      }
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

/**
 * The query with text as bytes. libsql ends the process over text that is no UTF-8 (its issue 1223) and cuts text at a
 * NUL, and in a damaged file any column may hold text. Printable ASCII stays text, for bytes cost several times as much.
 * A subquery with a limit keeps its order.
 */
function asBytes(sql: string, columns: readonly Column[]): string {
  const selected = columns.map(({ name, type }) => {
    const column = `"${name}"`;
    const unsafe =
      type === "TEXT"
        ? `${column} GLOB '*[^ -~]*' OR length(${column}) <> octet_length(${column})`
        : `typeof(${column}) = 'text'`;
    return `CASE WHEN ${unsafe} THEN CAST(${column} AS BLOB) ELSE ${column} END AS ${column}`;
  });
  return `SELECT ${selected.join(", ")} FROM (${sql})`;
}

function toObject(columns: readonly Column[], row: unknown): object {
  const values: readonly unknown[] = Array.isArray(row) ? row : [];
  const object: Record<string, unknown> = {};
  let i = 0;
  for (const { name, type } of columns) {
    const value = values[i++];
    object[name] = type === "TEXT" && value instanceof Uint8Array ? textFrom(value) : value;
  }
  return object;
}

function textFrom(bytes: Uint8Array): string {
  let text = "";
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Damage("a row holds text that is no UTF-8");
  }
  if (text.includes("\0")) throw new Damage("a row holds text with a NUL");
  return text;
}
