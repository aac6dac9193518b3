import { abortable } from "../stores/abortable.js";

/** Reads a stream and ends with the signal at once, also where the stream hangs: what is being read is not waited for. */
export function interruptible<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncIterableIterator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let isReading = false;
  return {
    async next() {
      signal?.throwIfAborted();
      isReading = true;
      const result = await abortable(iterator.next(), signal);
      isReading = false;
      return result;
    },
    async return() {
      const ended = iterator.return?.();
      // A generator ends only after what it is at.
      if (isReading || signal?.aborted) ended?.catch(() => undefined);
      else await ended;
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
