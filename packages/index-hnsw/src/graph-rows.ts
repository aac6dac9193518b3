import type { RowIds, Rows } from "@facekit/index-exact";

/** A template by its id, or a mean by that of its member. */
export interface RowKey {
  readonly kind: keyof RowIds;
  readonly id: string;
}

/**
 * Which rows of a namespace a graph holds, by label. A label is the number of an addition: none is given twice, so that a
 * graph is never told to change a row. What changes is removed there and added as another.
 */
export class GraphRows {
  /** By label; undefined where the row was removed. */
  readonly keys: (RowKey | undefined)[] = [];
  /** Rows that are not in the graph yet. */
  readonly fresh: { readonly templates: Set<string>; readonly means: Set<string> } = {
    templates: new Set(),
    means: new Set(),
  };
  readonly #labels = { templates: new Map<string, number>(), means: new Map<string, number>() };
  #dead = 0;

  /**
   * Gives the next labels to rows that the graph holds from the beginning. Those that are gone, or changed since `note` was
   * first called, are removed ones.
   */
  label(known: readonly RowKey[], rows: Rows): void {
    for (const key of known) {
      if (rows.vector(key.kind, key.id) !== undefined && !this.fresh[key.kind].has(key.id)) {
        this.#give(key);
      } else {
        this.keys.push(undefined);
        this.#dead++;
      }
    }
  }

  /** Takes in those of the rows that are there and have no label. */
  admit(kind: keyof RowIds, ids: readonly string[], rows: Rows): void {
    for (const id of ids) {
      if (rows.vector(kind, id) !== undefined && !this.#labels[kind].has(id)) this.fresh[kind].add(id);
    }
  }

  /** How many removed rows the graph still walks over. */
  get dead(): number {
    return this.#dead;
  }

  get freshSize(): number {
    return this.fresh.templates.size + this.fresh.means.size;
  }

  /** Takes changes in and tells which labels are to be removed from the graph. */
  note(changes: RowIds, rows: Rows): number[] {
    const removed: number[] = [];
    for (const kind of ["templates", "means"] as const) {
      for (const id of changes[kind]) {
        const label = this.#labels[kind].get(id);
        if (label !== undefined) {
          removed.push(label);
          this.#labels[kind].delete(id);
          this.keys[label] = undefined;
        }
        if (rows.vector(kind, id) === undefined) this.fresh[kind].delete(id);
        else this.fresh[kind].add(id);
      }
    }
    this.#dead += removed.length;
    return removed;
  }

  /** Gives labels to up to `most` fresh rows, in order, and tells which they are. */
  takeFresh(most: number): RowKey[] {
    const taken: RowKey[] = [];
    for (const kind of ["templates", "means"] as const) {
      for (const id of this.fresh[kind]) {
        if (taken.length === most) return taken;
        const key = { kind, id };
        taken.push(key);
        this.#give(key);
      }
    }
    return taken;
  }

  /** What a search compares with: the rows of these labels, of those from `since` on, and the fresh ones. */
  candidates(labels: Uint32Array, since: number): RowIds {
    const chosen = { templates: [...this.fresh.templates], means: [...this.fresh.means] };
    const choose = (label: number): void => {
      const key = this.keys[label];
      if (key !== undefined) chosen[key.kind].push(key.id);
    };
    for (const label of labels) choose(label);
    for (let label = since; label < this.keys.length; label++) choose(label);
    return chosen;
  }

  #give(key: RowKey): void {
    this.#labels[key.kind].set(key.id, this.keys.length);
    this.keys.push(key);
    this.fresh[key.kind].delete(key.id);
  }
}
