import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createVectorStore, memoryFaceRecords, type VectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { sqliteStore } from "@facekit/store-sql";

export interface Backend {
  /** Opens the store that lives in the folder, made on first use. */
  open(folder: string): VectorStore;
  /** The database's size in bytes, without a snapshot: absent where nothing of it outlives the process. */
  bytes?(folder: string): Promise<number>;
}

const database = (folder: string): string => join(folder, "members.db");

/** A new backend is a line here. */
export const backends: Readonly<Record<string, Backend>> = {
  memory: { open: () => createVectorStore({ records: memoryFaceRecords(), index: exactIndex() }) },
  sqlite: {
    open: (folder) => createVectorStore({ records: sqliteStore(database(folder)).faceRecords, index: exactIndex() }),
    bytes: async (folder) => (await stat(database(folder))).size,
  },
};
