import type { IndexEntry } from "@facekit/core";

const firstCapacity = 64;

/** The templates of one namespace, row after row in one array, so that a scan reads memory in order. */
export class Gallery {
  readonly ids: string[] = [];
  readonly memberIds: string[] = [];
  readonly dimensions: number;
  rows: Float32Array;
  readonly #rowOf = new Map<string, number>();

  constructor(dimensions: number) {
    this.dimensions = dimensions;
    this.rows = new Float32Array(firstCapacity * dimensions);
  }

  get size(): number {
    return this.ids.length;
  }

  set({ id, memberId, vector }: IndexEntry): void {
    const row = this.#rowOf.get(id) ?? this.size;
    const offset = row * this.dimensions;
    if (offset === this.rows.length) this.#grow();
    this.rows.set(vector, offset);
    this.ids[row] = id;
    this.memberIds[row] = memberId;
    this.#rowOf.set(id, row);
  }

  /** The last row moves into the gap. */
  delete(id: string): void {
    const gap = this.#rowOf.get(id);
    if (gap === undefined) return;
    const last = this.size - 1;
    const lastId = this.ids[last] ?? id;
    this.rows.copyWithin(gap * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions);
    this.ids[gap] = lastId;
    this.memberIds[gap] = this.memberIds[last] ?? "";
    this.#rowOf.set(lastId, gap);
    this.#rowOf.delete(id);
    this.ids.pop();
    this.memberIds.pop();
  }

  /** Doubling keeps the copying per added row constant. */
  #grow(): void {
    const larger = new Float32Array(this.rows.length * 2);
    larger.set(this.rows);
    this.rows = larger;
  }
}
