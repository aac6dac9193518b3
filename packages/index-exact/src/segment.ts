import type { Bank } from "./bank.js";

/** Rows in a block of interleaved codes. */
export const rowsPerBlock = 8;

/** Bytes of a row: int8 codes, padded to eight dimensions; float32 scale, error and offset; the float32 vector. */
export function rowBytes(dimensions: number): number {
  return paddedDimensions(dimensions) + 12 + dimensions * 4;
}

function paddedDimensions(dimensions: number): number {
  return Math.ceil(dimensions / 8) * 8;
}

/** Places for `capacity` rows, a multiple of eight, in a bank: codes, then scales, errors, offsets and vectors. */
export class Segment {
  readonly bank: Bank;
  readonly address: number;
  readonly capacity: number;
  readonly #dimensions: number;
  readonly #padded: number;
  readonly #scales: number;
  readonly #errors: number;
  readonly #offsets: number;
  readonly #vectors: number;

  constructor(bank: Bank, address: number, capacity: number, dimensions: number) {
    this.bank = bank;
    this.address = address;
    this.capacity = capacity;
    this.#dimensions = dimensions;
    this.#padded = paddedDimensions(dimensions);
    this.#scales = address + capacity * this.#padded;
    this.#errors = this.#scales + capacity * 4;
    this.#offsets = this.#errors + capacity * 4;
    this.#vectors = this.#offsets + capacity * 4;
  }

  /** To be called first: memory that is handed out may hold anything. */
  hideAll(): void {
    for (let place = 0; place < this.capacity; place++) this.#hide(place);
  }

  /** Where the parts of the first `count` rows lie, a multiple of eight. */
  parts(count: number): { readonly address: number; readonly bytes: number }[] {
    return [
      { address: this.address, bytes: count * this.#padded },
      { address: this.#scales, bytes: count * 4 },
      { address: this.#errors, bytes: count * 4 },
      { address: this.#offsets, bytes: count * 4 },
      { address: this.#vectors, bytes: count * this.#dimensions * 4 },
    ];
  }

  set(place: number, vector: Float32Array, centre: Float32Array): void {
    this.bank.floats.set(vector, (this.#vectors + place * this.#dimensions * 4) / 4);
    this.quantise(place, centre);
  }

  /** Makes the codes of a row, about a centre. */
  quantise(place: number, centre: Float32Array): void {
    const lane = place % rowsPerBlock;
    const codes = this.address + (place - lane) * this.#padded + lane * 2;
    this.bank.kernel.quantiseRow(
      this.#vectors + place * this.#dimensions * 4,
      this.bank.centre(centre),
      this.#dimensions,
      codes,
      this.#scales + place * 4,
      this.#errors + place * 4,
      this.#offsets + place * 4,
    );
  }

  /** A view of the row's float32 vector, good until the bank grows. */
  vector(place: number): Float32Array {
    const start = this.#vectors / 4 + place * this.#dimensions;
    return this.bank.floats.subarray(start, start + this.#dimensions);
  }

  /** Erases a row: no scan finds its place until it is set again, and nothing of it is left in memory. */
  clear(place: number): void {
    this.vector(place).fill(0);
    // The codes of zero about zero are zeros.
    this.quantise(place, this.vector(place));
    this.#hide(place);
  }

  /** No bound reaches a threshold from minus infinity. */
  #hide(place: number): void {
    this.bank.floats[this.#errors / 4 + place] = Number.NEGATIVE_INFINITY;
  }

  /** Scans `count` places from `first` on, both multiples of eight, for one query or for four that follow each other. */
  scan(first: number, count: number, query: number, queries: 1 | 4): void {
    const { bank } = this;
    const codes = this.address + first * this.#padded;
    const scales = this.#scales + first * 4;
    const errors = this.#errors + first * 4;
    const offsets = this.#offsets + first * 4;
    const steps = this.#padded / 2;
    const address = bank.query(query);
    if (queries === 1) bank.kernel.scanOne(codes, scales, errors, offsets, count, steps, first, address, bank.found);
    else {
      const { queryBytes, found, foundBytes } = bank;
      bank.kernel.scanFour(codes, scales, errors, offsets, count, steps, first, address, queryBytes, found, foundBytes);
    }
  }

  /** The similarity of a row and a loaded query in double precision. */
  similarity(place: number, query: number): number {
    const row = this.#vectors + place * this.#dimensions * 4;
    return this.bank.kernel.similarity(row, this.bank.queryVector(query), this.#dimensions);
  }
}
