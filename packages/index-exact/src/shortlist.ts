/**
 * The rows that may be among the best `k` of a query, by their error windows: a row drops out when `k` others are
 * certainly better. `threshold` is the k-th best lower bound so far, the top of a heap of the `k` best.
 */
export class Shortlist {
  readonly #k: number;
  readonly #lowerBounds: number[] = [];
  readonly #rows: number[] = [];
  readonly #upperBounds: number[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  /** What a row's upper bound must reach; below all similarities until there are `k` rows. */
  get threshold(): number {
    return this.#lowerBounds.length < this.#k ? -4 : this.#bound(0);
  }

  offer(row: number, similarity: number, window: number): void {
    const upper = similarity + window;
    if (upper < this.threshold) return;
    this.#rows.push(row);
    this.#upperBounds.push(upper);
    this.#offerBound(similarity - window);
  }

  /** The rows left, in the order in which they were offered. */
  rows(): number[] {
    const { threshold } = this;
    return this.#rows.filter((_, i) => (this.#upperBounds[i] ?? 0) >= threshold);
  }

  #offerBound(bound: number): void {
    const bounds = this.#lowerBounds;
    if (bounds.length < this.#k) {
      let i = bounds.push(bound) - 1;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (this.#bound(parent) <= bound) break;
        bounds[i] = this.#bound(parent);
        i = parent;
      }
      bounds[i] = bound;
    } else if (bound > this.#bound(0)) {
      let i = 0;
      for (;;) {
        const left = 2 * i + 1;
        if (left >= bounds.length) break;
        const child = left + 1 < bounds.length && this.#bound(left + 1) < this.#bound(left) ? left + 1 : left;
        if (this.#bound(child) >= bound) break;
        bounds[i] = this.#bound(child);
        i = child;
      }
      bounds[i] = bound;
    }
  }

  #bound(i: number): number {
    return this.#lowerBounds[i] ?? 0;
  }
}
