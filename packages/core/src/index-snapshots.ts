import type { FaceRecords } from "./spec/face-records.js";
import type { VectorIndex } from "./spec/vector-index.js";

/** Fewer changes are read from the records in about a tenth of a second. */
const leastChanges = 5000;

/** A large snapshot is written anew when it is behind by this share of its templates. */
const shareOfChanges = 1 / 8;

/**
 * Keeps a snapshot of the index beside the records and fills the index from it, where both can. A snapshot that cannot
 * be read or written is done without: the records hold everything.
 */
export class IndexSnapshots {
  readonly #records: FaceRecords;
  readonly #index: VectorIndex;
  /** Brings the index to the records' state and tells its revision. */
  readonly #refresh: () => Promise<number>;
  /** Templates in the index, about: one that is replaced counts again. */
  #size = 0;
  #changes = 0;
  #saving: Promise<void> | undefined;
  /** Whether the last try left work unsaved: the same may come between the next time. */
  #wasInVain = false;

  constructor(records: FaceRecords, index: VectorIndex, refresh: () => Promise<number>) {
    this.#records = records;
    this.#index = index;
    this.#refresh = refresh;
  }

  /** The revision that the empty index was filled to, 0 where there was no snapshot to use. */
  async restore(): Promise<number> {
    this.#size = 0;
    this.#changes = 0;
    try {
      await using kept = await this.#records.snapshots?.open();
      const size = kept && (await this.#index.restore?.(kept.read));
      if (kept === undefined || size === undefined) return 0;
      this.#size = size;
      return kept.revision;
    } catch {
      return 0;
    }
  }

  /** To be told of what the index took in. */
  count(puts: number, deletes: number): void {
    this.#size = Math.max(0, this.#size + puts - deletes);
    this.#changes += puts + deletes;
  }

  /** Begins to write a snapshot where the last one is far behind, or without work that the index did at length. */
  saveWhereDue(): void {
    if (this.#isBehind || (this.#hasWork && !this.#wasInVain)) this.#save();
  }

  /** Ends the writing. Writes what an erasure took away: a store that forgets often does not write it each time. */
  async close(): Promise<void> {
    // A snapshot that is being written may be of before.
    if (this.#hasWork) await this.#saving;
    if (this.#isBehind || this.#hasWork) this.#save();
    if (this.#saving === undefined && this.#size >= leastChanges && !(await this.#isKept())) this.#save();
    await this.#saving;
  }

  get #isBehind(): boolean {
    return this.#changes >= Math.max(leastChanges, this.#size * shareOfChanges);
  }

  get #hasWork(): boolean {
    return this.#size >= leastChanges && this.#index.hasUnsavedWork === true;
  }

  async #isKept(): Promise<boolean> {
    try {
      await using kept = await this.#records.snapshots?.open();
      return kept !== undefined;
    } catch {
      return false;
    }
  }

  #save(): void {
    const { snapshots } = this.#records;
    if (snapshots === undefined || this.#index.save === undefined || this.#saving !== undefined) return;
    const due = this.#changes;
    this.#changes = 0;
    this.#saving = snapshots
      .keep(async (write) => {
        const revision = await this.#refresh();
        return (await this.#index.save?.(write)) ? revision : undefined;
      })
      .then(
        (kept) => {
          // Something was erased meanwhile, or another process swept it away: soon again.
          if (!kept) this.#changes += due;
        },
        () => undefined,
      )
      .finally(() => {
        this.#wasInVain = this.#hasWork;
        this.#saving = undefined;
      });
  }
}
