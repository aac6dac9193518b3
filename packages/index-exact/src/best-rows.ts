/**
 * The best `k` rows of a scan: a binary heap with the worst of them on top, so that most rows are turned away by one
 * comparison. Ties go by id in code-unit order.
 */
export class BestRows {
  readonly #rows: number[] = [];
  readonly #similarities: number[] = [];
  readonly #k: number;
  readonly #idOf: (row: number) => string;

  constructor(k: number, idOf: (row: number) => string) {
    this.#k = k;
    this.#idOf = idOf;
  }

  offer(row: number, similarity: number): void {
    const size = this.#rows.length;
    if (size < this.#k) {
      this.#rows.push(row);
      this.#similarities.push(similarity);
      this.#rise(size);
    } else if (this.#isWorse(this.#row(0), this.#similarity(0), row, similarity)) {
      this.#rows[0] = row;
      this.#similarities[0] = similarity;
      this.#sink();
    }
  }

  /** The rows kept, best first. */
  sorted(): { row: number; similarity: number }[] {
    return this.#rows
      .map((row, i) => ({ row, similarity: this.#similarity(i) }))
      .sort((a, b) => (this.#isWorse(a.row, a.similarity, b.row, b.similarity) ? 1 : -1));
  }

  #rise(from: number): void {
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#worse(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #sink(): void {
    const size = this.#rows.length;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= size) return;
      const child = left + 1 < size && this.#worse(left + 1, left) ? left + 1 : left;
      if (!this.#worse(child, i)) return;
      this.#swap(child, i);
      i = child;
    }
  }

  #worse(i: number, j: number): boolean {
    return this.#isWorse(this.#row(i), this.#similarity(i), this.#row(j), this.#similarity(j));
  }

  #isWorse(row: number, similarity: number, otherRow: number, other: number): boolean {
    if (similarity !== other) return similarity < other;
    return this.#idOf(row) > this.#idOf(otherRow);
  }

  #swap(i: number, j: number): void {
    const row = this.#row(i);
    const similarity = this.#similarity(i);
    this.#rows[i] = this.#row(j);
    this.#similarities[i] = this.#similarity(j);
    this.#rows[j] = row;
    this.#similarities[j] = similarity;
  }

  #row(i: number): number {
    return this.#rows[i] ?? 0;
  }

  #similarity(i: number): number {
    return this.#similarities[i] ?? 0;
  }
}
