const BUSY = 0;
const SHUT = 1;

/**
 * Memory that two threads share, by which one sees whether the other is within native code and keeps it from entering
 * any more. Each side writes its own flag before it reads the other's, so that one of the two always sees.
 */
export class NativeGate {
  readonly memory: SharedArrayBuffer;
  readonly #flags: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#flags = new Int32Array(memory);
  }

  /** Does the work with the gate marked as busy. Rejects, the work not begun, when the gate is shut. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    Atomics.store(this.#flags, BUSY, 1);
    try {
      if (Atomics.load(this.#flags, SHUT) === 1) throw new Error("the process is ending");
      return await work();
    } finally {
      Atomics.store(this.#flags, BUSY, 0);
      Atomics.notify(this.#flags, BUSY);
    }
  }

  /** No further work begins. */
  shut(): void {
    Atomics.store(this.#flags, SHUT, 1);
  }

  /** Blocks this thread while the other is at work, for so many milliseconds at most. */
  awaitIdle(milliseconds: number): void {
    Atomics.wait(this.#flags, BUSY, 1, Math.max(0, milliseconds));
  }
}
