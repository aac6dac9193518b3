/** The best `k` rows, kept in order: quick as long as few rows are better than the worst kept. */
export class TopRows {
  readonly #k: number;
  readonly #rows: number[] = [];
  readonly #similarities: number[] = [];
  #least = Number.NEGATIVE_INFINITY;

  constructor(k: number) {
    this.#k = k;
  }

  offer(row: number, similarity: number): void {
    if (similarity <= this.#least) return;
    let at = this.#rows.length;
    while (at > 0 && (this.#similarities[at - 1] ?? 0) < similarity) at--;
    this.#rows.splice(at, 0, row);
    this.#similarities.splice(at, 0, similarity);
    if (this.#rows.length > this.#k) {
      this.#rows.pop();
      this.#similarities.pop();
    }
    if (this.#rows.length === this.#k) this.#least = this.#similarities.at(-1) ?? this.#least;
  }

  rows(): number[] {
    return this.#rows;
  }
}
