import { tmpdir } from "node:os";
import type { IndexHit } from "@facekit/core";
import { Breather, type ExactIndex, type RowIds, type Rows } from "@facekit/index-exact";
import type { GraphSetup } from "./graph-messages.js";
import { GraphRows, type RowKey } from "./graph-rows.js";
import { GraphThread } from "./graph-thread-handle.js";
import type { Links } from "./links.js";

/** Rows that go to the thread in one message: with many, a search waits long behind them. */
const rowsPerMessage = { building: 64, serving: 8 };

/** Rows that are taken in at a time, about a millisecond's work. */
const rowsPerVisit = 4096;

/** Hits that are asked of the graph beside the `k`: some may be gone, or tied, when their float32 vectors are compared. */
const spareHits = 32;

/**
 * How many rows outside of the graph, of so many in all, a search compares with as they are: it does that on the event
 * loop. With more, the exact index answers.
 */
export function mostOutside(size: number): number {
  return Math.min(256, Math.ceil(size / 64));
}

/** A graph over the rows of a namespace, in its thread. The rows themselves are the exact index's. */
export class Graph {
  readonly #exact: ExactIndex;
  readonly #namespace: string;
  readonly #dimensions: number;
  readonly #thread: GraphThread;
  readonly #rows = new GraphRows();
  #busy = false;

  constructor(exact: ExactIndex, namespace: string, setup: Omit<GraphSetup, "state">) {
    this.#exact = exact;
    this.#namespace = namespace;
    this.#dimensions = setup.dimensions;
    this.#thread = new GraphThread(setup);
  }

  get thread(): GraphThread {
    return this.#thread;
  }

  /** Whether a search would wait for something long. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Rows that are not in it yet: each search compares with all of these. */
  get fresh(): number {
    return this.#rows.freshSize;
  }

  /** The share of its rows that were removed. */
  get deadShare(): number {
    return this.#rows.dead / Math.max(1, this.#rows.keys.length);
  }

  /** Takes the namespace's changes in. */
  note(changes: RowIds, rows: Rows): void {
    const labels = this.#rows.note(changes, rows);
    // A thread that failed is noticed by who asks it next.
    if (labels.length > 0) this.#thread.call({ kind: "remove", labels }).catch(() => undefined);
  }

  /**
   * Takes all rows of the namespace in, in parts, as fresh ones; but for those that a kept graph knows by their labels, and
   * that did not change since `note` was first called.
   */
  async begin(known: readonly RowKey[], note: (rows: Rows) => void): Promise<void> {
    const visit = <Result>(look: (rows: Rows) => Result): Promise<Result | undefined> =>
      this.#exact.inspect(this.#namespace, (rows) => {
        note(rows);
        return look(rows);
      });
    for (let from = 0; from < known.length; from += rowsPerVisit) {
      await visit((rows) => this.#rows.label(known.slice(from, from + rowsPerVisit), rows));
    }
    for (const kind of ["templates", "means"] as const) {
      const all = (await visit((rows) => [...rows.ids[kind]])) ?? [];
      for (let from = 0; from < all.length; from += rowsPerVisit) {
        await visit((rows) => this.#rows.admit(kind, all.slice(from, from + rowsPerVisit), rows));
      }
    }
  }

  /** Adds fresh rows until no more than `left` are. `note` is called on each visit to the namespace. */
  async feed(
    left: number,
    pace: keyof typeof rowsPerMessage,
    note: (rows: Rows) => void,
    onAdded?: (rows: number) => void,
  ): Promise<void> {
    while (this.fresh > left && this.#thread.isAlive) {
      const added = await this.#exact.inspect(this.#namespace, (rows) => {
        note(rows);
        const keys = this.#rows.takeFresh(rowsPerMessage[pace]);
        const vectors = vectorsOf(keys, rows, this.#dimensions);
        return { rows: keys.length, done: this.#thread.call({ kind: "add", vectors }) };
      });
      if (added === undefined) return;
      await added.done;
      onAdded?.(added.rows);
    }
    if (!this.#thread.isAlive) throw new Error("The thread of the graph ended.");
  }

  /**
   * The best `k` of each query, at least as good as the graph's `ef` candidates and all that it does not hold yet.
   * Undefined where it found too few, or too many rows are outside of it.
   */
  async search(
    queries: readonly Float32Array[],
    k: number,
    ef: number,
    note: (rows: Rows) => void,
  ): Promise<{ hits: IndexHit[][]; comparisons: number } | undefined> {
    const since = this.#rows.keys.length;
    const rows = this.#rows;
    const most = k + spareHits;
    const flat = flattened(queries, this.#dimensions);
    const labels = await this.#thread.holding(() =>
      this.#thread.call({ kind: "search", queries: flat, k: most, ef: Math.max(ef, most) }),
    );
    return this.#exact.inspect(this.#namespace, (all) => {
      note(all);
      // Where the namespace was emptied and filled again, the graph knows nothing of its rows.
      if (!this.#thread.isAlive) return undefined;
      const outside = rows.freshSize + rows.keys.length - since;
      if (outside > mostOutside(all.size)) return undefined;
      const best = all.best(queries, most, (query) =>
        rows.candidates(labels.subarray(query * most, (query + 1) * most), since),
      );
      if (best.some((found) => isUnsure(found, k, all.size))) return undefined;
      return { hits: best.map((found) => found.slice(0, k)), comparisons: all.size };
    });
  }

  /** How many of its rows were replaced or removed so far. */
  get dead(): number {
    return this.#rows.dead;
  }

  /**
   * Its links, and which rows they are among; they fit the namespace as long as no more rows are dead. Undefined where they
   * cannot be had now. Changes are to be noted before.
   */
  async links(): Promise<{ links: Links; keys: RowKey[]; dead: number } | undefined> {
    const { keys: all, dead } = this.#rows;
    const known = [...all];
    this.#busy = true;
    try {
      const kept = await this.#thread.holding(() => this.#thread.call({ kind: "links", folder: tmpdir() }));
      if (kept === undefined) return undefined;
      const keys: RowKey[] = [];
      const breather = new Breather();
      for (const label of kept.labels) {
        const key = known[label];
        if (key === undefined) return undefined;
        keys.push(key);
        if (breather.due) await breather.breathe();
      }
      return { links: kept.links, keys, dead };
    } catch {
      // The disk is full, or there is no place for the file: it is built anew next time.
      return undefined;
    } finally {
      this.#busy = false;
    }
  }

  /** Loads the links of the rows that it began with. Rejects where they do not fit; the graph is then of no use. */
  async load(links: Links, note: (rows: Rows) => void): Promise<void> {
    const { keys } = this.#rows;
    if (links[0] !== keys.length) throw new Error("The graph was kept of other rows.");
    await this.#thread.call({ kind: "load", links, folder: tmpdir() });
    const atOnce = rowsPerMessage.building * 8;
    for (let from = 0; from < keys.length; from += atOnce) {
      const filled = await this.#exact.inspect(this.#namespace, (rows) => {
        note(rows);
        const vectors = vectorsOf(keys.slice(from, from + atOnce), rows, this.#dimensions);
        return { done: this.#thread.call({ kind: "fill", vectors }) };
      });
      await filled?.done;
    }
    await this.#thread.call({ kind: "loaded" });
    // What was removed before and meanwhile.
    const gone = [...keys.keys()].filter((label) => keys[label] === undefined);
    if (gone.length > 0) await this.#thread.call({ kind: "remove", labels: gone });
  }

  async end(): Promise<void> {
    await this.#thread.end();
  }
}

/** Whether there are too few hits, or so many equals of the last one that others of them may lie beyond. */
function isUnsure(found: readonly IndexHit[], k: number, size: number): boolean {
  if (found.length >= size) return false;
  return found.length <= k || found[k - 1]?.similarity === found.at(-1)?.similarity;
}

/** Vectors one after the other; zeros where one is gone, which is then removed from the graph too. */
function vectorsOf(keys: readonly (RowKey | undefined)[], rows: Rows, dimensions: number): Float32Array<ArrayBuffer> {
  const vectors = new Float32Array(keys.length * dimensions);
  for (const [i, key] of keys.entries()) vectors.set((key && rows.vector(key.kind, key.id)) ?? [], i * dimensions);
  return vectors;
}

function flattened(queries: readonly Float32Array[], dimensions: number): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(queries.length * dimensions);
  for (const [i, query] of queries.entries()) flat.set(query, i * dimensions);
  return flat;
}
