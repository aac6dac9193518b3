import { FaceKitError } from "@facekit/core";
import { Bank } from "./bank.js";
import { rowBytes, Segment } from "./segment.js";

/** Half of what a WebAssembly memory can address: browsers refuse larger ones. */
const defaultBankLimit = 2 ** 31;

interface Free {
  readonly bank: Bank;
  readonly address: number;
}

/**
 * The memory of one index: hands out segments, takes them back and hands them out again, halved where none of the
 * wanted size is free. A further bank is opened when the last one is full.
 */
export class Arena {
  readonly dimensions: number;
  /** How often galleries have changed rows that were there: a snapshot in the making is then of no use. */
  rewrites = 0;
  readonly #module: WebAssembly.Module;
  readonly #bankLimit: number;
  readonly #free = new Map<number, Free[]>();
  #bank: Bank | undefined;

  constructor(module: WebAssembly.Module, dimensions: number, bankLimit: number = defaultBankLimit) {
    this.#module = module;
    this.dimensions = dimensions;
    this.#bankLimit = bankLimit;
  }

  /** Makes room for segments of so many rows together. */
  reserve(capacity: number): void {
    this.#bank ??= this.#openBank();
    this.#bank.reserve(capacity * rowBytes(this.dimensions));
  }

  /** `capacity`: rows, eight times a power of two. Throws `store-full` when the memory is used up. */
  take(capacity: number): Segment {
    const { bank, address } = this.#reuse(capacity) ?? this.#allocate(capacity);
    return new Segment(bank, address, capacity, this.dimensions);
  }

  give({ bank, address, capacity }: Segment): void {
    this.#freeOf(capacity).push({ bank, address });
  }

  #reuse(capacity: number): Free | undefined {
    const free = this.#freeOf(capacity).pop();
    if (free !== undefined) return free;
    if (![...this.#free].some(([size, places]) => size > capacity && places.length > 0)) return undefined;
    const whole = this.#reuse(capacity * 2);
    if (whole === undefined) return undefined;
    this.#freeOf(capacity).push({ bank: whole.bank, address: whole.address + capacity * rowBytes(this.dimensions) });
    return whole;
  }

  #allocate(capacity: number): Free {
    const bytes = capacity * rowBytes(this.dimensions);
    for (const mayOpen of [true, false]) {
      const address = this.#bank?.allocate(bytes);
      if (this.#bank !== undefined && address !== undefined) return { bank: this.#bank, address };
      if (mayOpen) this.#bank = this.#openBank();
    }
    throw new FaceKitError("store-full", `There is no memory for ${capacity} more templates, ${bytes} bytes.`, {
      adapter: "index-exact",
    });
  }

  #openBank(): Bank {
    try {
      return new Bank(this.#module, this.dimensions, this.#bankLimit);
    } catch (cause) {
      throw new FaceKitError("store-full", "There is no memory for more templates.", { adapter: "index-exact", cause });
    }
  }

  #freeOf(capacity: number): Free[] {
    const free = this.#free.get(capacity) ?? [];
    this.#free.set(capacity, free);
    return free;
  }
}
