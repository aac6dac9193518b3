export type { MysqlConnection, MysqlPool, MysqlValue } from "./mysql/sessions.js";
export { type MysqlStoreOptions, mysqlStore } from "./mysql/store.js";
export type { PgClient, Pglite, PgliteAnswer, PgliteTransaction, PgPool } from "./postgres/sessions.js";
export { type PostgresStoreOptions, postgresStore } from "./postgres/store.js";
export type { SqlStore } from "./sql-store.js";
export { type SqliteStore, type SqliteStoreOptions, sqliteStore } from "./sqlite/store.js";
