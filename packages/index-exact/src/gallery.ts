import type { IndexEntry } from "@facekit/core";
import type { Arena } from "./arena.js";
import { firstRow, segmentCapacity, segmentNumber } from "./gallery-layout.js";
import { rowsPerBlock, type Segment } from "./segment.js";

/** At these sizes the centre is taken anew: few rows tell it roughly, some thousand as well as all. */
const recentredAt: readonly number[] = [256, 4096];

/**
 * Vectors with ids, in segments of 8, 8, 16, 32, … 2,048, 4,096, 4,096, … rows: a small one takes little,
 * a growing one is never copied, and no more than half is ever empty.
 */
export class Gallery {
  readonly ids: string[] = [];
  readonly memberIds: string[] = [];
  readonly segments: Segment[] = [];
  /** The vector about which the rows are quantised: their mean when it was last taken. Any would do, none as closely. */
  centre: Float32Array;
  readonly #arena: Arena;
  readonly #rewritten: () => void;
  readonly #rowOf = new Map<string, number>();
  /** At which size the centre was taken. */
  centredAt = 0;
  /** Which ids were set or deleted since it was emptied; undefined where nobody wants to know. */
  changed: Set<string> | undefined;

  /** `rewritten` is told of changes to rows that were there: a snapshot in the making is then of no use. */
  constructor(arena: Arena, rewritten: () => void = () => arena.rewritten()) {
    this.#arena = arena;
    this.#rewritten = rewritten;
    this.centre = new Float32Array(arena.dimensions);
  }

  get size(): number {
    return this.ids.length;
  }

  set({ id, memberId, vector }: IndexEntry): void {
    const row = this.#rowOf.get(id) ?? this.size;
    if (row < this.size) this.#rewritten();
    this.changed?.add(id);
    const number = segmentNumber(row);
    if (number === this.segments.length) this.segments.push(this.#arena.take(segmentCapacity(number)));
    const { segment, place } = this.at(row);
    segment.set(place, vector, this.centre);
    this.ids[row] = id;
    this.memberIds[row] = memberId;
    this.#rowOf.set(id, row);
    if (this.size > this.centredAt && recentredAt.includes(this.size)) this.#recentre();
  }

  /** The last row moves into the gap. */
  delete(id: string): void {
    const gap = this.#rowOf.get(id);
    if (gap === undefined) return;
    this.#rewritten();
    this.changed?.add(id);
    const last = this.size - 1;
    const { segment, place } = this.at(last);
    if (gap !== last) {
      const to = this.at(gap);
      to.segment.set(to.place, segment.vector(place), this.centre);
      const lastId = this.ids[last] ?? "";
      this.ids[gap] = lastId;
      this.memberIds[gap] = this.memberIds[last] ?? "";
      this.#rowOf.set(lastId, gap);
    }
    this.#rowOf.delete(id);
    this.ids.pop();
    this.memberIds.pop();
    segment.clear(place);
    // Else a mean that the erased had most part in would stay, here and in snapshots.
    if (this.size * 2 < this.centredAt) this.#recentre();
    if (place === 0) {
      this.segments.pop();
      this.#arena.give(segment);
    }
  }

  /** The row of an id, undefined where it is not there. Deletions move rows. */
  rowOf(id: string): number | undefined {
    return this.#rowOf.get(id);
  }

  memberOf(id: string): string | undefined {
    const row = this.#rowOf.get(id);
    return row === undefined ? undefined : this.memberIds[row];
  }

  /** A view of a row's vector, good until the memory grows. The id must be there. */
  vector(id: string): Float32Array {
    const { segment, place } = this.at(this.#rowOf.get(id) ?? this.size);
    return segment.vector(place);
  }

  /** Where a row lies. */
  at(row: number): { segment: Segment; place: number } {
    const number = segmentNumber(row);
    const segment = this.segments[number];
    if (segment === undefined) throw new RangeError(`There is no row ${row} among ${this.size}.`);
    return { segment, place: row - firstRow(number) };
  }

  /** Appends the next segment's rows, whose bytes `fill` writes as `segment.parts` lays them out. */
  async restore(
    ids: readonly string[],
    memberIds: readonly string[],
    fill: (segment: Segment, count: number) => Promise<void>,
  ): Promise<void> {
    const start = this.size;
    const segment = this.#arena.take(segmentCapacity(this.segments.length));
    this.segments.push(segment);
    const count = Math.ceil(ids.length / rowsPerBlock) * rowsPerBlock;
    await fill(segment, count);
    // What was appended to the block while it was saved is no row of the snapshot.
    for (let place = ids.length; place < count; place++) segment.clear(place);
    ids.forEach((id, i) => {
      this.ids.push(id);
      this.memberIds.push(memberIds[i] ?? "");
      this.#rowOf.set(id, start + i);
    });
  }

  #recentre(): void {
    this.#rewritten();
    this.centredAt = this.size;
    const sum = new Float64Array(this.#arena.dimensions);
    for (let row = 0; row < this.size; row++) {
      const { segment, place } = this.at(row);
      const vector = segment.vector(place);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
    }
    this.centre = Float32Array.from(sum, (value) => value / Math.max(1, this.size));
    for (let row = 0; row < this.size; row++) {
      const { segment, place } = this.at(row);
      segment.quantise(place, this.centre);
    }
  }
}
