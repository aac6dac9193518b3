import { type Expression, sql } from "kysely";
import type { StoreDialect } from "../dialect.js";
import { vectorColumn } from "../server-templates.js";
import { toBytes } from "../values.js";

/** The key is whichever unique one the row meets. */
const replacing: StoreDialect["replacing"] = (_, columns) => {
  const set = columns.map((column) => sql`${sql.ref(column)} = VALUES(${sql.ref(column)})`);
  return sql`ON DUPLICATE KEY UPDATE ${sql.join(set)}`;
};

export const mysqlDialect: StoreDialect = {
  toStored: toBytes,
  integer: sql`SIGNED`,
  locks: true,
  // It would also pass over values that do not fit their columns, but what is written has been checked before.
  unlessThere: (insert) => insert.ignore(),
  replacing,
  after: (columns, values) => sql<boolean>`(${lexicallyAfter(columns, values)})`,
  // Its collations take "a" and "a " for the same.
  sameText: (column, value) => sql`${sql.ref(column)} = BINARY ${value}`,
  vector: sql`${sql.ref("vector")}`.as("vector"),
  templates: (db) => vectorColumn(db, replacing),
};

/** Written out, since MySQL finds `(a, b) > (1, 2)` by no index. */
function lexicallyAfter(
  [column, ...columns]: readonly Expression<unknown>[],
  [value, ...values]: readonly Expression<unknown>[],
): Expression<unknown> {
  if (columns.length === 0) return sql`${column} > ${value}`;
  return sql`${column} > ${value} OR (${column} = ${value} AND (${lexicallyAfter(columns, values)}))`;
}
