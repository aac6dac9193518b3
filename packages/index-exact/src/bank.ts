import { errorBound, queryCodeLimit } from "./error-bound.js";
import { type Kernel, startKernel } from "./kernel.js";
import { candidateBytes, queryCodes, queryFound, queryThreshold } from "./query-layout.js";

/** Queries that pass over the rows together at most: what a bank has room for. */
export const queriesAtOnce = 64;

/** Rows that one call of the kernel scans at most: candidates of so many fit. */
export const mostRowsPerScan = 4096;

/** Queries that the kernel scans in one call at most. */
const queriesPerScan = 4;

/**
 * A kernel over a memory that holds segments of rows, and a desk in that memory: room for queries and their candidates.
 * Each thread that scans a memory has a bank of its own, with its own desk.
 */
export class Bank {
  readonly kernel: Kernel;
  readonly memory: WebAssembly.Memory;
  /** Bytes from one query to the next, and from one's candidates to the next one's. */
  readonly queryBytes: number;
  readonly foundBytes: number = mostRowsPerScan * candidateBytes;
  /** Where candidates go. */
  readonly found: number;
  readonly #dimensions: number;
  readonly #desk: number;
  readonly #vectors: number;
  readonly #centreAddress: number;
  #centre: Float32Array | undefined;
  #floats = new Float32Array();
  #ints = new Int32Array();

  /** `desk`: the address of `deskBytes(dimensions)` bytes. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, dimensions: number, desk: number) {
    this.kernel = startKernel(module, memory);
    this.memory = memory;
    this.#dimensions = dimensions;
    this.#desk = desk;
    const layout = deskLayout(dimensions);
    this.queryBytes = layout.queryBytes;
    this.#vectors = desk + layout.vectors;
    this.#centreAddress = desk + layout.centre;
    this.found = desk + layout.found;
    this.renewViews();
  }

  /** To be called when the memory has grown, which leaves views of it behind. */
  renewViews(): void {
    this.#floats = new Float32Array(this.memory.buffer);
    this.#ints = new Int32Array(this.memory.buffer);
  }

  /** Views of the whole memory: ask again after it may have grown. */
  get floats(): Float32Array {
    return this.#floats;
  }

  get ints(): Int32Array {
    return this.#ints;
  }

  /** The address of a loaded query, quantised for scans. */
  query(index: number): number {
    return this.#desk + index * this.queryBytes;
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
}

/** What a desk takes of the memory. */
export function deskBytes(dimensions: number): number {
  return deskLayout(dimensions).end;
}

function deskLayout(dimensions: number) {
  const queryBytes = aligned(queryCodes + 2 * (dimensions + 7));
  const vectors = queriesAtOnce * queryBytes;
  const centre = vectors + aligned(queriesAtOnce * dimensions * 4);
  const found = centre + aligned(dimensions * 4);
  return { queryBytes, vectors, centre, found, end: found + queriesPerScan * mostRowsPerScan * candidateBytes };
}

/** The next multiple of 16: what the kernel's loads are quickest at. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
