export type { Connection, Handle, WriteOptions } from "./connection.js";
export {
  type PostgresConnectionOptions,
  postgresConnection,
  postgresConnectionOptionNames,
} from "./postgres/connection.js";
export { type AfterWrite, postgresFaceRecords } from "./postgres/face-records.js";
export { sqlStateOf } from "./postgres/failures.js";
export { migratePostgres, type PostgresMigrations } from "./postgres/migrations.js";
export { recordMigrations } from "./postgres/schema.js";
export type { PgClient, Pglite, PgliteAnswer, PgliteTransaction, PgPool } from "./postgres/sessions.js";
export type { StoredId, Tables } from "./tables.js";
export { fromTemplateRow, templateColumns } from "./template-row.js";
export { numberOf, toBytes } from "./values.js";
