import { checkKeys, createVectorStore as createOf, type FaceRecords, type VectorStore } from "@facekit/core";
import { type SearchIndexOptions, searchIndexOf } from "./search-index.js";

export interface NodeVectorStoreOptions extends SearchIndexOptions {
  /** The durable truth. */
  readonly records: FaceRecords;
}

/**
 * Records and an index as one store, as core's function of this name makes it, with an index that may be named. Rejects
 * with `not-supported` for `"hnsw"` where what it wants is missing, with the command that brings it.
 */
export async function createVectorStore(options: NodeVectorStoreOptions): Promise<VectorStore> {
  checkKeys("createVectorStore", options, ["records", "index", "onProgress", "onChoice"]);
  return createOf({ records: options.records, index: await searchIndexOf(options) });
}
