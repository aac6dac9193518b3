/** Takes the next bytes of a snapshot. They are the caller's again when the promise fulfils. */
export type SnapshotWriter = (bytes: Uint8Array) => Promise<void>;

/**
 * Fills `target` with the next bytes. It is called with the lengths that were written, in their order; it may be called
 * before the last call fulfilled. Rejects where bytes are missing or not as they were written.
 */
export type SnapshotReader = (target: Uint8Array) => Promise<void>;

export interface KeptSnapshot extends AsyncDisposable {
  /** The records' revision that it holds, or a later one: what `changes(revision)` tells is missing or can come twice. */
  readonly revision: number;
  readonly read: SnapshotReader;
}

/**
 * A place for one snapshot of a search index, beside the records. A snapshot holds templates: before an erasure or a
 * replacement of a record is acknowledged, by whichever process, the snapshot is gone, and one that is being written
 * then is not kept.
 */
export interface SnapshotStorage {
  /** What was kept last; undefined where there is none, or none of these very records. */
  open(): Promise<KeptSnapshot | undefined>;
  /**
   * Keeps what `save` writes, in place of the last snapshot, once `save` fulfils with its revision. `save` must take its
   * state from the records after it was called. Nothing is kept where it fulfils with undefined or rejects.
   * Fulfils with whether it was kept; rejects with the error of `save`, or where it could not be written.
   */
  keep(save: (write: SnapshotWriter) => Promise<number | undefined>): Promise<boolean>;
}
