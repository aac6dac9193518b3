export type { Connection, Handle, WriteOptions } from "./connection.js";
export {
  type PostgresConnectionOptions,
  postgresConnection,
  postgresConnectionOptionNames,
} from "./postgres/connection.js";
export type { PostgresMigrations } from "./postgres/migrations.js";
export type { PgClient, Pglite, PgliteAnswer, PgliteTransaction, PgPool } from "./postgres/sessions.js";
