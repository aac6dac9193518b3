export { type PgvectorStore, type PgvectorStoreOptions, pgvectorStore } from "./pgvector-store.js";
