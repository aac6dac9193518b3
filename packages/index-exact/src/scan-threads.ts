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
  settle: ((scanned: readonly Scanned[] | undefined) => void) | undefined;
}

/**
 * Threads that scan the galleries of an arena, which must be in shared memory. They start at the first scan that is large
 * enough, which does not wait for them. Where one fails all are ended: the calling thread does the work from then on.
 */
export class ScanThreads {
  readonly #arena: Arena;
  readonly #count: number;
  readonly #leastWork: number;
  readonly #next = new SharedArrayBuffer(4);
  #scanners: Scanner[] | undefined;
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
    const rooms = new Map(this.#arena.rooms.map(({ bank }, i) => [bank, i]));
    const message = {
      kind: "scan",
      queries: queries.map((query) => query.slice()),
      centre: gallery.centre,
      k,
      size: gallery.size,
      rooms: Uint8Array.from(gallery.segments, ({ bank }) => rooms.get(bank) ?? 0),
      addresses: Uint32Array.from(gallery.segments, ({ address }) => address),
    } as const;
    Atomics.store(new Int32Array(this.#next), 0, 0);
    // All of them, even if one fails: rows must not move under the others.
    const answers = await Promise.all(
      this.#scanners.map(
        (scanner) =>
          new Promise<readonly Scanned[] | undefined>((resolve) => {
            scanner.settle = resolve;
            scanner.thread.hold();
            scanner.thread.post(message);
          }),
      ),
    );
    const found = answers.filter((answer) => answer !== undefined);
    if (found.length < answers.length) {
      this.end();
      return false;
    }
    for (const lists of found) {
      for (const [query, { rows, similarities }] of lists.entries()) {
        rows.forEach((row, i) => {
          best[query]?.offer(row, similarities[i] ?? 0);
        });
      }
    }
    return true;
  }

  end(): void {
    this.#ended = true;
    for (const scanner of this.#scanners ?? []) {
      scanner.thread.end();
      settle(scanner, undefined);
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
      else settle(scanner, message.found);
    };
    const onEnd = (): void => {
      this.#ended = true;
      settle(scanner, undefined);
    };
    const thread = spawnThread(scanThreadScript, onMessage, onEnd);
    const scanner: Scanner = { thread, rooms: 0, isReady: false, settle: undefined };
    const { kernel, dimensions } = this.#arena;
    thread.post({ kind: "start", module: kernel.module, dimensions, next: this.#next });
    return scanner;
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

function settle(scanner: Scanner, scanned: readonly Scanned[] | undefined): void {
  scanner.thread.release();
  scanner.settle?.(scanned);
  scanner.settle = undefined;
}
