import { FaceKitError } from "@facekit/core";
import type { Bank } from "./bank.js";
import type { CompiledKernel } from "./compile-kernel.js";
import { Room } from "./room.js";
import { rowBytes, Segment } from "./segment.js";

/** Half of what a WebAssembly memory can address: browsers refuse larger ones. */
const defaultRoomLimit = 2 ** 31;

/**
 * The memory of one index: hands out segments, takes them back and hands their memory out again, in other sizes too. A
 * further room is opened when the last one is full.
 */
export class Arena {
  readonly dimensions: number;
  #rewrites = 0;
  readonly kernel: CompiledKernel;
  /** The last one is where memory is allocated. */
  readonly rooms: Room[] = [];
  readonly #roomLimit: number;

  constructor(kernel: CompiledKernel, dimensions: number, roomLimit: number = defaultRoomLimit) {
    this.kernel = kernel;
    this.dimensions = dimensions;
    this.#roomLimit = roomLimit;
  }

  /** How often rows that were there have changed: a snapshot in the making is then of no use. */
  get rewrites(): number {
    return this.#rewrites;
  }

  rewritten(): void {
    this.#rewrites++;
  }

  /** Makes room for segments of so many rows together. */
  reserve(capacity: number): void {
    if (this.rooms.length === 0) this.#openRoom();
    this.rooms.at(-1)?.reserve(capacity * rowBytes(this.dimensions));
  }

  /** `capacity`: rows, eight times a power of two. Throws `store-full` when the memory is used up. */
  take(capacity: number): Segment {
    const { bank, address } = this.#allocate(capacity * rowBytes(this.dimensions));
    const segment = new Segment(bank, address, capacity, this.dimensions);
    segment.hideAll();
    return segment;
  }

  give({ bank, address, capacity }: Segment): void {
    this.rooms.find((room) => room.bank === bank)?.free(address, capacity * rowBytes(this.dimensions));
  }

  #allocate(bytes: number): { bank: Bank; address: number } {
    for (const room of this.rooms) {
      const address = room.reuse(bytes);
      if (address !== undefined) return { bank: room.bank, address };
    }
    for (const mayOpen of [true, false]) {
      const room = this.rooms.at(-1);
      const address = room?.allocate(bytes);
      if (room !== undefined && address !== undefined) return { bank: room.bank, address };
      if (mayOpen) this.#openRoom();
    }
    throw new FaceKitError("store-full", `There is no memory for ${bytes} more bytes of templates.`, {
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
}
