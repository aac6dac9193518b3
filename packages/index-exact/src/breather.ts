/** Work of this many milliseconds is not felt by what else runs in the thread. */
const maxWorkMs = 10;

/** Lets a long computation give way to the event loop now and then; an abort ends it there. */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #resumedAt = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to await `breathe`: asking first spares an await for each piece of work. */
  get due(): boolean {
    return performance.now() - this.#resumedAt >= maxWorkMs;
  }

  async breathe(): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#signal?.throwIfAborted();
    this.#resumedAt = performance.now();
  }
}
