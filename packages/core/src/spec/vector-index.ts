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
  /** The template; absent where the hit is the mean of the member's templates. */
  readonly id?: string;
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
  /** Only templates and means of these members. */
  readonly memberIds?: readonly string[];
}

export interface IndexSearchResult {
  /**
   * The best hits of each query, best first. Of equals templates come first, by id, then means, by member id, both in
   * code-unit order.
   */
  readonly hits: IndexHit[][];
  /**
   * How many templates and means the namespace held for this search, also where `memberIds` asked for some of them, and
   * whether or not an approximate index looked at each.
   */
  readonly comparisons: number;
}

/**
 * A search structure over templates: a cache that can be thrown away and rebuilt from the records.
 *
 * Several templates of a member are fused here, by the rule that `MemberMatch` states: a query is compared with each
 * template and, of every member who has two or more in the namespace, with their mean too (`meanTemplate`). The mean is
 * that of the templates which are there: nothing of one that was removed or replaced is left in it. It depends on the
 * templates and their ids alone, and not on the order in which they came.
 */
export interface VectorIndex extends Adapter {
  /** `exact`: the hits are those of a full comparison, so recall is 1. */
  readonly capabilities: { readonly exact: boolean };
  /** Empties the index and binds it to a space. Call it first. */
  open(space: EmbeddingSpace): Promise<void>;
  add(namespace: string, entries: readonly IndexEntry[]): Promise<void>;
  /** Ids that are not there are passed over. */
  remove(namespace: string, ids: readonly string[]): Promise<void>;
  /** The nearest templates and means of each query. */
  search(namespace: string, queries: readonly Float32Array[], options: IndexSearchOptions): Promise<IndexSearchResult>;
  /** How many templates a namespace holds, means not among them. */
  count(namespace: string): Promise<number>;
  /**
   * Writes all there is, for `restore` to read; other calls go on meanwhile. Additions that come while it runs may be left
   * out. Fulfils with false, and what was written is of no use, where an entry was removed or replaced meanwhile.
   */
  save?(write: SnapshotWriter): Promise<boolean>;
  /** Whether it made something at length, without any change of its entries, which is in nothing that it saved. */
  readonly hasUnsavedWork?: boolean;
  /**
   * Fills the open, empty index with what `save` wrote, and fulfils with how many templates those are. Undefined where
   * that is of another index, another version or another space. Then, and where `read` rejects, it stays empty.
   */
  restore?(read: SnapshotReader): Promise<number | undefined>;
}
