import { limiter, sleep } from "@facekit/core";
import { unavailable } from "./failures.js";

export interface RateLimitOptions {
  readonly requestsPerSecond: number;
  readonly concurrentRequests: number;
}

/** Runs work when its turn has come: not later than the deadline, a moment of `performance.now()`. */
export type RateLimit = <T>(work: () => Promise<T>, deadline: number, signal: AbortSignal | undefined) => Promise<T>;

/** Lets so many requests begin in a second, evenly spaced, and so many be under way at a time. */
export function rateLimit({ requestsPerSecond, concurrentRequests }: RateLimitOptions): RateLimit {
  const limited = limiter(concurrentRequests);
  const spacing = 1_000 / requestsPerSecond;
  let free = 0;
  return async (work, deadline, signal) => {
    const late = (): Error =>
      unavailable("The members' API is asked for more than the limits on requests let through.", { retryable: true });
    // Who waits for a place in vain leaves the queue.
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(late()), Math.max(0, deadline - performance.now()));
    const giveUp = (): void => patience.abort(signal?.reason);
    signal?.addEventListener("abort", giveUp, { once: true });
    if (signal?.aborted) giveUp();
    try {
      return await limited(async () => {
        const now = performance.now();
        const begin = Math.max(now, free);
        if (begin > deadline) throw late();
        free = begin + spacing;
        if (begin > now) await sleep(begin - now, patience.signal);
        clearTimeout(timer);
        return await work();
      }, patience.signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  };
}
