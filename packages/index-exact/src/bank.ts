import { errorBound, queryCodeLimit } from "./error-bound.js";
import { type Kernel, startKernel } from "./kernel.js";
import { candidateBytes, queryCodes, queryFound, queryThreshold } from "./query-layout.js";

/** Queries that pass over the rows together at most: what a bank has room for. */
export const queriesAtOnce = 64;

/** Rows that one call of the kernel scans at most: candidates of so many fit. */
export const mostRowsPerScan = 4096;

/** Queries that the kernel scans in one call at most. */
const queriesPerScan = 4;

const pageBytes = 65_536;

/**
 * A WebAssembly memory and the kernel over it. At its start lies room for queries and their candidates; after that come
 * segments of rows. It grows in place, page by page: nothing is copied.
 */
export class Bank {
  readonly kernel: Kernel;
  /** Bytes from one query to the next, and from one's candidates to the next one's. */
  readonly queryBytes: number;
  readonly foundBytes: number = mostRowsPerScan * candidateBytes;
  /** Where candidates go. */
  readonly found: number;
  readonly #dimensions: number;
  readonly #vectors: number;
  readonly #centreAddress: number;
  readonly #limit: number;
  #end: number;
  #centre: Float32Array | undefined;
  #floats = new Float32Array();
  #ints = new Int32Array();

  /** `limit`: how large the memory may grow, in bytes. */
  constructor(module: WebAssembly.Module, dimensions: number, limit: number) {
    this.kernel = startKernel(module);
    this.#dimensions = dimensions;
    this.#limit = limit;
    this.queryBytes = aligned(queryCodes + 2 * (dimensions + 7));
    this.#vectors = queriesAtOnce * this.queryBytes;
    this.#centreAddress = this.#vectors + aligned(queriesAtOnce * dimensions * 4);
    this.found = this.#centreAddress + aligned(dimensions * 4);
    this.#end = this.found + queriesPerScan * this.foundBytes;
    this.#growTo(this.#end);
  }

  /** Views of the whole memory: ask again after every `allocate`, which may have grown it. */
  get floats(): Float32Array {
    if (this.#floats.length === 0) this.#floats = new Float32Array(this.kernel.memory.buffer);
    return this.#floats;
  }

  get ints(): Int32Array {
    if (this.#ints.length === 0) this.#ints = new Int32Array(this.kernel.memory.buffer);
    return this.#ints;
  }

  /** Grows at once by what is going to be allocated: each growth costs a pass of the garbage collector. */
  reserve(bytes: number): void {
    try {
      this.#growTo(Math.min(this.#end + bytes, this.#limit));
    } catch {
      // It will grow step by step, as far as it can.
    }
  }

  /** The address of fresh memory, a multiple of 16; undefined when there is none left. */
  allocate(bytes: number): number | undefined {
    const address = this.#end;
    const end = address + aligned(bytes);
    if (end > this.#limit) return undefined;
    try {
      this.#growTo(end);
    } catch {
      return undefined;
    }
    this.#end = end;
    return address;
  }

  /** The address of a loaded query, quantised for scans. */
  query(index: number): number {
    return index * this.queryBytes;
  }

  /** The address of a loaded query as it came, float32. */
  queryVector(index: number): number {
    return this.#vectors + index * this.#dimensions * 4;
  }

  /** The address of a centre, which is copied when it is another than the last time. It must not change. */
  centre(centre: Float32Array): number {
    if (centre !== this.#centre) this.floats.set(centre, this.#centreAddress / 4);
    this.#centre = centre;
    return this.#centreAddress;
  }

  /** Gets queries ready to be compared with rows about the given centre. */
  load(queries: readonly Float32Array[], centre: Float32Array): void {
    const limit = queryCodeLimit(this.#dimensions);
    const { farthest, rounding } = errorBound;
    const middle = this.centre(centre);
    queries.forEach((query, i) => {
      const vector = this.queryVector(i);
      this.floats.set(query, vector / 4);
      this.kernel.quantiseQuery(vector, middle, this.#dimensions, this.query(i), limit, farthest, rounding);
    });
  }

  setThreshold(query: number, threshold: number): void {
    this.floats[(this.query(query) + queryThreshold) / 4] = threshold;
  }

  foundCount(query: number): number {
    return this.ints[(this.query(query) + queryFound) / 4] ?? 0;
  }

  #growTo(bytes: number): void {
    const { memory } = this.kernel;
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    // Detaches the views, whose length is 0 from then on.
    memory.grow(missing);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
