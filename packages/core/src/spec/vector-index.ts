import type { Adapter, CallOptions } from "./adapter.js";
import type { EmbeddingSpace } from "./embedder.js";
import type { SnapshotReader, SnapshotWriter } from "./snapshot-storage.js";

export interface IndexEntry {
  /** Unique in its namespace; adding an id again replaces its entry. */
  readonly id: string;
  readonly memberId: string;
  readonly vector: Float32Array;
}

export interface IndexHit {
  readonly id: string;
  readonly memberId: string;
  /**
   * Cosine similarity of the whole vectors, -1..1, not rounded. An index that searches by less (quantised vectors, a
   * graph) scores its hits again: thresholds are measured on such cosines, and would not carry over to others.
   */
  readonly similarity: number;
}

export interface IndexSearchOptions extends CallOptions {
  /** How many hits a query gets at most, 1 or more. */
  readonly k: number;
  /** Only templates of these members. */
  readonly memberIds?: readonly string[];
}

/** A search structure over templates: a cache that can be thrown away and rebuilt from the records. */
export interface VectorIndex extends Adapter {
  /** `exact`: the hits are those of a full comparison, so recall is 1. */
  readonly capabilities: { readonly exact: boolean };
  /** Empties the index and binds it to a space. Call it first. */
  open(space: EmbeddingSpace): Promise<void>;
  add(namespace: string, entries: readonly IndexEntry[]): Promise<void>;
  /** Ids that are not there are passed over. */
  remove(namespace: string, ids: readonly string[]): Promise<void>;
  /** The best hits of each query, best first, ties by id in code-unit order. */
  search(namespace: string, queries: readonly Float32Array[], options: IndexSearchOptions): Promise<IndexHit[][]>;
  /** How many templates a namespace holds. */
  count(namespace: string): Promise<number>;
  /**
   * Writes all there is, for `restore` to read; other calls go on meanwhile. Additions that come while it runs may be left
   * out. Fulfils with false, and what was written is of no use, where an entry was removed or replaced meanwhile.
   */
  save?(write: SnapshotWriter): Promise<boolean>;
  /**
   * Fills the open, empty index with what `save` wrote, and fulfils with how many templates those are. Undefined where
   * that is of another index, another version or another space. Then, and where `read` rejects, it stays empty.
   */
  restore?(read: SnapshotReader): Promise<number | undefined>;
}
