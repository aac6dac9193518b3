import { type Expression, type RawBuilder, sql } from "kysely";
import type { StoreDialect } from "./dialect.js";

/** What SQLite and PostgreSQL have in common. */
export const standardInserts: Pick<StoreDialect, "unlessThere" | "replacing"> = {
  unlessThere: (insert) => insert.onConflict((conflict) => conflict.doNothing()),
  replacing: (key, columns) => {
    const set = columns.map((column) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`);
    return sql`ON CONFLICT (${sql.join(key.map((column) => sql.ref(column)))}) DO UPDATE SET ${sql.join(set)}`;
  },
};

/** `(columns) > (values)`, which both find by an index. */
export function rowValues(
  columns: readonly Expression<unknown>[],
  values: readonly Expression<unknown>[],
): RawBuilder<boolean> {
  return sql<boolean>`(${sql.join(columns)}) > (${sql.join(values)})`;
}
