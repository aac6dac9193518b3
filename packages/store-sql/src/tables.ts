import type { ColumnType } from "kysely";

/** How ids lie in their columns: see `StoreDialect.toStored`. */
export type StoredId = string | Uint8Array;

/** What every database holds. Times are milliseconds since 1970 UTC. */
export interface Tables {
  /** One row: what the templates may be compared with. Who writes templates locks it. */
  space: { only_row: number; id: string; dimensions: number };
  /** The last write in each namespace; the greatest of all is the store's revision. */
  namespaces: { namespace: StoredId; revision: number };
  templates: {
    namespace: StoredId;
    id: StoredId;
    member_id: StoredId;
    created_at: number;
    source: string | null;
    revision: number;
    /** CRC-32 over the row and its vector. */
    checksum: number;
    /** float32, little-endian. In SQLite, the vector lies in a slot instead. */
    vector: ColumnType<Uint8Array, Uint8Array | undefined>;
    slot: ColumnType<number, number | undefined>;
  };
  /** What an index that is behind must still forget. Nothing of the template is kept. */
  deletions: { namespace: StoredId; id: StoredId; revision: number };
  members: {
    namespace: StoredId;
    id: StoredId;
    name: string | null;
    email: string | null;
    phone: string | null;
    created_at: number | null;
  };
  purchases: {
    namespace: StoredId;
    member_id: StoredId;
    id: StoredId;
    product: string;
    quantity: number;
    /** Decimal. */
    total: string;
    currency: string;
    at: number | null;
  };
  visits: {
    namespace: StoredId;
    key: StoredId;
    member_id: StoredId;
    at: number;
    time_zone: string;
    place: string | null;
    session: string | null;
    similarity: number | null;
  };

  /** Of SQLite alone: see sqlite/vector-slots.ts and sqlite/snapshot-storage.ts. */
  vectors: { slot: number; vector: Uint8Array };
  free_slots: { slot: number };
  snapshot: { only_row: number; id: string | null; revision: number; erased_at: number };
}
