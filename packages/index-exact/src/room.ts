import { aligned, Bank, deskBytes } from "./bank.js";
import type { CompiledKernel } from "./compile-kernel.js";
import { FreeRanges } from "./free-ranges.js";
import { sharedPages } from "./kernel.js";

const pageBytes = 65_536;

/** Rows leave room for so many desks, for threads that come when all rows are there. */
const desksKept = 4;

/** A WebAssembly memory that grows in place, page by page: nothing is copied. */
export class Room {
  readonly bank: Bank;
  readonly #dimensions: number;
  readonly #limit: number;
  readonly #rowLimit: number;
  readonly #free = new FreeRanges();
  #end: number;

  /** `limit`: how large the memory may grow, in bytes. Throws where there is no memory. */
  constructor({ module, shared }: CompiledKernel, dimensions: number, limit: number) {
    const initial = Math.ceil(deskBytes(dimensions) / pageBytes);
    const memory = new WebAssembly.Memory(shared ? { initial, maximum: sharedPages, shared } : { initial });
    this.bank = new Bank(module, memory, dimensions, 0);
    this.#dimensions = dimensions;
    this.#limit = limit;
    this.#rowLimit = limit - desksKept * deskBytes(dimensions);
    this.#end = deskBytes(dimensions);
  }

  /** Grows at once by what is going to be allocated: each growth costs a pass of the garbage collector. */
  reserve(bytes: number): void {
    try {
      this.#growTo(Math.min(this.#end + bytes, this.#rowLimit));
    } catch {
      // It will grow step by step, as far as it can.
    }
  }

  /** The address of fresh memory, a multiple of 16; undefined when there is none left. */
  allocate(bytes: number, limit: number = this.#rowLimit): number | undefined {
    const address = this.#end;
    const end = address + aligned(bytes);
    if (end > limit) return undefined;
    try {
      this.#growTo(end);
    } catch {
      return undefined;
    }
    this.#end = end;
    return address;
  }

  /** The address of memory that was given back; undefined where none is large enough. */
  reuse(bytes: number): number | undefined {
    return this.#free.take(bytes);
  }

  /** Gives back what `allocate` or `reuse` gave, for as many bytes, a multiple of 16. */
  free(address: number, bytes: number): void {
    this.#free.give(address, bytes);
  }

  /** The address of a further desk; undefined when there is no memory left. */
  allocateDesk(): number | undefined {
    return this.allocate(deskBytes(this.#dimensions), this.#limit);
  }

  #growTo(bytes: number): void {
    const { memory } = this.bank;
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    memory.grow(missing);
    this.bank.renewViews();
  }
}
