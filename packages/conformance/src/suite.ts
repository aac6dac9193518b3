/** Registers one test: `test` of Vitest, Jest and `node:test` fit as they are. */
export type TestRunner = (name: string, run: () => Promise<void>) => void;

export interface ConformanceOptions<T> {
  readonly test: TestRunner;
  /** A fresh, empty adapter. Each test asks for its own and disposes it. */
  readonly create: () => T | Promise<T>;
}

export interface PersistentConformanceOptions<T> extends ConformanceOptions<T> {
  /**
   * Another adapter over the data of `previous`, as another process would have it: called while `previous` is in use
   * and after it was disposed. Give it where the adapter is persistent; the tests of persistence need it.
   */
  readonly reopen?: (previous: T) => T | Promise<T>;
  /**
   * How many entries the tests with many write at once, from 300; fewer for a server that takes minutes. Default 3,000;
   * 6,000 for a `VectorStore`.
   */
  readonly many?: number;
}

/** Lends a fresh adapter to a test and disposes it whatever comes. */
export async function lend<T extends AsyncDisposable>(
  create: () => T | Promise<T>,
  use: (adapter: T) => Promise<void>,
): Promise<void> {
  const adapter = await create();
  try {
    await use(adapter);
  } finally {
    await adapter[Symbol.asyncDispose]();
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A signal that was aborted before the call, and the reason that the call must reject with. */
export function abortedSignal(): { readonly signal: AbortSignal; readonly reason: Error } {
  const reason = new Error("The conformance suite aborted this call.");
  const controller = new AbortController();
  controller.abort(reason);
  return { signal: controller.signal, reason };
}
