import { checkKeys, checkNumber } from "./checks.js";
import { isFaceKitError } from "./errors.js";
import { sleep } from "./sleep.js";
import type { CallOptions } from "./spec/adapter.js";

export interface RetryOptions extends CallOptions {
  /** No attempt starts after this many milliseconds. Default 10,000. */
  readonly deadlineMs?: number;
  /** The first wait; each further one doubles, with full jitter. Default 100. */
  readonly initialDelayMs?: number;
  /** No single wait is longer. Default 5,000. */
  readonly maxDelayMs?: number;
}

/**
 * Repeats an idempotent call while it rejects with a retryable `FaceKitError`, with exponential backoff and full jitter
 * (AWS Architecture Blog, "Exponential Backoff and Jitter", 2015), until the deadline. Then the last error is thrown.
 * Rejects with `invalid-argument` for times that are negative or no numbers.
 */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, deadlineMs = 10_000, initialDelayMs = 100, maxDelayMs = 5_000 } = options;
  checkKeys("retry", options, ["signal", "deadlineMs", "initialDelayMs", "maxDelayMs"]);
  for (const [name, value] of Object.entries({ deadlineMs, initialDelayMs, maxDelayMs })) {
    checkNumber(name, value, { min: 0, max: Number.POSITIVE_INFINITY });
  }
  const deadline = performance.now() + deadlineMs;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!isFaceKitError(error) || !error.retryable) throw error;
      const backoff = Math.random() * Math.min(maxDelayMs, initialDelayMs * 2 ** attempt);
      const delay = error.retryAfterMs ?? backoff;
      // Written so that a service's NaN ends it.
      if (!(performance.now() + delay <= deadline)) throw error;
      await sleep(delay, signal);
    }
  }
}
