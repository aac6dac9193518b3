import { orderedText } from "@facekit/core";
import { sql } from "kysely";
import type { StoreDialect } from "../dialect.js";
import { rowValues, standardInserts } from "../standard-sql.js";
import { templateCounts } from "./template-counts.js";
import { slotVector, vectorSlots } from "./vector-slots.js";

export const sqliteDialect: StoreDialect = {
  ...standardInserts,
  toStored: orderedText,
  integer: sql`integer`,
  // A transaction takes the write lock of the file at once.
  locks: false,
  after: rowValues,
  sameText: (column, value) => sql`${sql.ref(column)} = ${value}`,
  vector: slotVector,
  templates: vectorSlots,
  counts: templateCounts,
};
