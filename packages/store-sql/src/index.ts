export type { SqlStore } from "./sql-store.js";
export { type SqliteStore, type SqliteStoreOptions, sqliteStore } from "./sqlite/store.js";
