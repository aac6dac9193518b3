export type { MongodbConnectionOptions } from "./connection.js";
export { type MongodbStore, type MongodbStoreOptions, mongodbStore } from "./mongodb-store.js";
export { type MongodbVectorStoreOptions, mongodbVectorStore } from "./vector-store.js";
