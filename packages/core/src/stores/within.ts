import type { CallOptions } from "../spec/adapter.js";
import { abortable } from "./abortable.js";

/** No timer counts longer, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/**
 * Runs a call that may take so many milliseconds. Its signal aborts when they are over, with the error that `late` makes,
 * or when the caller's signal does, with the reason of that; the promise rejects with the same at once, whatever the call
 * does then. Where one of both is so already, nothing is called.
 */
export async function within<T>(
  ms: number,
  call: (signal: AbortSignal) => Promise<T>,
  { signal, late }: CallOptions & { readonly late: () => Error },
): Promise<T> {
  signal?.throwIfAborted();
  // Timers count whole milliseconds, and end a fraction of one early.
  if (ms < 1) throw late();
  const controller = new AbortController();
  const timer = ms > longestTimer ? undefined : setTimeout(() => controller.abort(late()), ms);
  const giveUp = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    return await abortable(call(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}
