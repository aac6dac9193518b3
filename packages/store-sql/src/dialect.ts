import type {
  AliasedExpression,
  Expression,
  InsertQueryBuilder,
  InsertResult,
  Kysely,
  RawBuilder,
  Selectable,
} from "kysely";
import type { TemplateCondition } from "./for-templates.js";
import type { Executor } from "./runners.js";
import type { StoredId, Tables } from "./tables.js";
import type { TemplateRow } from "./template-row.js";

/** What truly differs between the databases. */
export interface StoreDialect {
  /** What to store of an id, such that the database's order is that of UTF-16 code units. `idOf` reads it again. */
  toStored(id: string): StoredId;
  /** Of integers that count to 2^53, in a cast. */
  readonly integer: RawBuilder<unknown>;
  /** Whether `FOR UPDATE` is needed: not where transactions that write come one after the other anyway. */
  readonly locks: boolean;
  /** Inserts those rows whose key is not there; the count of changes is that of these. */
  unlessThere<T extends keyof Tables>(
    insert: InsertQueryBuilder<Tables, T, InsertResult>,
  ): InsertQueryBuilder<Tables, T, InsertResult>;
  /** What to add to an insert, so that a row whose key is there gets the new values of `columns`. */
  replacing(key: readonly string[], columns: readonly string[]): RawBuilder<unknown>;
  /** `(columns) > (values)` in lexical order, by an index over the columns. */
  after(columns: readonly Expression<unknown>[], values: readonly Expression<unknown>[]): RawBuilder<boolean>;
  /** `column = value` byte by byte. */
  sameText(column: string, value: Expression<string>): RawBuilder<boolean>;
  /** The vector of a row of `templates`, NULL where it is missing. */
  readonly vector: AliasedExpression<unknown, "vector">;
  templates(db: Kysely<Tables>): TemplateWrites;
  /** Where the database does not notice that an index was damaged. */
  readonly counts?: TemplateCounts;
}

/**
 * How many templates there are, counted another way than each reads them, so that those which a damaged index leaves out
 * are missed.
 */
export interface TemplateCounts {
  readonly all: RawBuilder<number>;
  ofScan(namespace: Expression<StoredId>): RawBuilder<number>;
  ofMembers(namespace: Expression<StoredId>): RawBuilder<number>;
  /** The revision of the last write, as templates and deletions tell it. */
  readonly lastRevision: RawBuilder<number>;
  /** Stands for `templates` where members are counted by an index alone: without what the index holds wrongly. */
  readonly enrolled: RawBuilder<Pick<Selectable<Tables["templates"]>, "namespace" | "id" | "member_id" | "created_at">>;
}

/** The writes of templates, which depend on where the vectors lie. */
export interface TemplateWrites {
  /** Once, in the transaction that binds the store to a space. */
  bind(db: Executor, dimensions: number): Promise<void>;
  /** Creates templates and replaces those of the same ids, which differ. Tells whether any was replaced, where it knows. */
  put(db: Executor, rows: readonly TemplateRow[], revision: number): Promise<boolean>;
  /** Before the templates that the condition selects are deleted. */
  eraseVectors(db: Executor, condition: TemplateCondition): Promise<void>;
}
