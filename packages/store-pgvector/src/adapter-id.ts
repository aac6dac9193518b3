/** Names this adapter in errors. */
export const adapterId = "store-pgvector";
