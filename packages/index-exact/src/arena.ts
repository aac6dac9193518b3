import { FaceKitError } from "@facekit/core";
import type { Bank } from "./bank.js";
import type { CompiledKernel } from "./compile-kernel.js";
import { Room } from "./room.js";
import { rowBytes, Segment } from "./segment.js";

/** Half of what a WebAssembly memory can address: browsers refuse larger ones. */
const defaultRoomLimit = 2 ** 31;

interface Free {
  readonly bank: Bank;
  readonly address: number;
}

/**
 * The memory of one index: hands out segments, takes them back and hands them out again, halved where none of the
 * wanted size is free. A further room is opened when the last one is full.
 */
export class Arena {
  readonly dimensions: number;
  /** How often galleries have changed rows that were there: a snapshot in the making is then of no use. */
  rewrites = 0;
  readonly kernel: CompiledKernel;
  /** The last one is where memory is allocated. */
  readonly rooms: Room[] = [];
  readonly #roomLimit: number;
  readonly #free = new Map<number, Free[]>();

  constructor(kernel: CompiledKernel, dimensions: number, roomLimit: number = defaultRoomLimit) {
    this.kernel = kernel;
    this.dimensions = dimensions;
    this.#roomLimit = roomLimit;
  }

  /** Makes room for segments of so many rows together. */
  reserve(capacity: number): void {
    if (this.rooms.length === 0) this.#openRoom();
    this.rooms.at(-1)?.reserve(capacity * rowBytes(this.dimensions));
  }

  /** `capacity`: rows, eight times a power of two. Throws `store-full` when the memory is used up. */
  take(capacity: number): Segment {
    const { bank, address } = this.#reuse(capacity) ?? this.#allocate(capacity);
    const segment = new Segment(bank, address, capacity, this.dimensions);
    segment.hideAll();
    return segment;
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
      const room = this.rooms.at(-1);
      const address = room?.allocate(bytes);
      if (room !== undefined && address !== undefined) return { bank: room.bank, address };
      if (mayOpen) this.#openRoom();
    }
    throw new FaceKitError("store-full", `There is no memory for ${capacity} more templates, ${bytes} bytes.`, {
      adapter: "index-exact",
    });
  }

  #openRoom(): void {
    try {
      this.rooms.push(new Room(this.kernel, this.dimensions, this.#roomLimit));
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
