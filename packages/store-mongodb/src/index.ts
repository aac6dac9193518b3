export type { MongodbConnectionOptions } from "./connection.js";
export { type MongodbStore, type MongodbStoreOptions, mongodbStore } from "./mongodb-store.js";
