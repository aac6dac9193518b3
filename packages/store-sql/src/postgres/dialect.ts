import { sql } from "kysely";
import type { StoreDialect } from "../dialect.js";
import { vectorColumn } from "../server-templates.js";
import { rowValues, standardInserts } from "../standard-sql.js";
import { toBytes } from "../values.js";

export const postgresDialect: StoreDialect = {
  ...standardInserts,
  toStored: toBytes,
  integer: sql`bigint`,
  locks: true,
  after: rowValues,
  sameText: (column, value) => sql`${sql.ref(column)} = ${value}`,
  vector: sql`${sql.ref("vector")}`.as("vector"),
  templates: (db) => vectorColumn(db, standardInserts.replacing),
};
