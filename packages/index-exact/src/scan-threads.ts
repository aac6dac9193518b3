import { scanThreadScript } from "../generated/scan-thread.js";
import type { Arena } from "./arena.js";
import type { BestRows } from "./best-rows.js";
import type { Gallery } from "./gallery.js";
import type { FromThread, Scanned } from "./scan-messages.js";
import { spawnThread, type Thread } from "./spawn-thread.js";

/**
 * Rows × dimensions × queries from which threads are worth their while: that much takes about a millisecond on one, and
 * a call of a thread about a tenth of that.
 */
const defaultLeastWork = 2e7;

/** A thread, and the rooms of the arena that it knows. */
interface Scanner {
  readonly thread: Thread;
  rooms: number;
  isReady: boolean;
}

/** A scan under way. It ends with undefined where a thread failed. */
interface Call {
  readonly number: number;
  readonly found: (readonly Scanned[])[];
  segmentsLeft: number;
  readonly end: (found: Call["found"] | undefined) => void;
}

/**
 * Threads that scan the galleries of an arena, which must be in shared memory. They start at the first scan that is large
 * enough, which does not wait for them. Where one fails all are ended: the calling thread does the work from then on.
 */
export class ScanThreads {
  readonly #arena: Arena;
  readonly #count: number;
  readonly #leastWork: number;
  #scanners: Scanner[] | undefined;
  #calls = 0;
  #call: Call | undefined;
  #ended = false;

  constructor(arena: Arena, count: number, leastWork: number = defaultLeastWork) {
    this.#arena = arena;
    this.#count = count;
    this.#leastWork = leastWork;
  }

  /** Whether the next large scan is theirs. */
  get areReady(): boolean {
    return this.#scanners?.every(({ isReady }) => isReady) ?? false;
  }

  /** Offers the rows that may be among the best `k` of each query. False where the calling thread has to do it. */
  async scan(
    gallery: Gallery,
    queries: readonly Float32Array[],
    k: number,
    best: readonly BestRows[],
  ): Promise<boolean> {
    if (this.#ended || gallery.size * this.#arena.dimensions * queries.length < this.#leastWork) return false;
    this.#scanners ??= this.#start();
    if (this.#ended || !this.areReady || !this.#shareRooms(this.#scanners)) return false;
    const found = await this.#callAll(this.#scanners, gallery, queries, k);
    if (found === undefined) this.end();
    for (const lists of found ?? []) {
      for (const [query, { rows, similarities }] of lists.entries()) {
        rows.forEach((row, i) => {
          best[query]?.offer(row, similarities[i] ?? 0);
        });
      }
    }
    return found !== undefined;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { thread } of this.#scanners ?? []) thread.end();
    this.#call?.end(undefined);
  }

  /**
   * What the threads found, once every segment was scanned: it does not wait for a thread that took none because the
   * machine had no processor for it.
   */
  async #callAll(
    scanners: readonly Scanner[],
    gallery: Gallery,
    queries: readonly Float32Array[],
    k: number,
  ): Promise<Call["found"] | undefined> {
    const rooms = new Map(this.#arena.rooms.map(({ bank }, i) => [bank, i]));
    const call = ++this.#calls;
    const found = new Promise<Call["found"] | undefined>((end) => {
      this.#call = { number: call, found: [], segmentsLeft: gallery.segments.length, end };
    });
    const message = {
      kind: "scan",
      call,
      next: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
      // Copies: with a view, all of the buffer under it would be sent.
      queries: queries.map((query) => query.slice()),
      centre: gallery.centre,
      k,
      size: gallery.size,
      rooms: Uint8Array.from(gallery.segments, ({ bank }) => rooms.get(bank) ?? 0),
      addresses: Uint32Array.from(gallery.segments, ({ address }) => address),
    } as const;
    try {
      for (const { thread } of scanners) {
        thread.hold();
        thread.post(message);
      }
      return await found;
    } finally {
      this.#call = undefined;
      for (const { thread } of scanners) thread.release();
    }
  }

  #start(): Scanner[] {
    const scanners: Scanner[] = [];
    try {
      for (let i = 0; i < this.#count; i++) scanners.push(this.#spawn());
    } catch {
      for (const { thread } of scanners) thread.end();
      this.#ended = true;
    }
    return scanners;
  }

  #spawn(): Scanner {
    const onMessage = (message: FromThread): void => {
      if (message.kind === "ready") scanner.isReady = true;
      else this.#take(message);
    };
    const thread = spawnThread(scanThreadScript, onMessage, () => this.end());
    const scanner: Scanner = { thread, rooms: 0, isReady: false };
    const { kernel, dimensions } = this.#arena;
    thread.post({ kind: "start", module: kernel.module, dimensions });
    return scanner;
  }

  #take({ call: number, segments, found }: Extract<FromThread, { kind: "scanned" }>): void {
    const call = this.#call;
    if (call?.number !== number) return;
    call.found.push(found);
    call.segmentsLeft -= segments;
    if (call.segmentsLeft === 0) call.end(call.found);
  }

  /** Tells the threads of new rooms. False where there is no memory for their desks. */
  #shareRooms(scanners: readonly Scanner[]): boolean {
    for (const scanner of scanners) {
      for (const room of this.#arena.rooms.slice(scanner.rooms)) {
        const desk = room.allocateDesk();
        if (desk === undefined) return false;
        scanner.thread.post({ kind: "room", memory: room.bank.memory, desk });
        scanner.rooms++;
      }
    }
    return true;
  }
}
