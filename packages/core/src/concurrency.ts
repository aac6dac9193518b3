/**
 * Does `work` on each item, with at most `most` items at work at a time, and gives the results in the order of the
 * items. After a failure no other item is started; once those at work have ended, it rejects with the error of the
 * first item that failed, in the order of the items. So the outcome does not depend on `most`.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const errors = new Map<number, unknown>();
  const entries = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of entries) {
      try {
        results[index] = await work(item, index);
      } catch (error) {
        errors.set(index, error);
      }
      if (errors.size > 0) return;
    }
  };
  // One at least: an index that says 0, or NaN, is not one that answers nothing.
  const lanes = Math.min(Math.max(1, Number.isNaN(most) ? 1 : most), items.length);
  await Promise.all(Array.from({ length: lanes }, lane));
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));
  return results;
}

/**
 * Lets at most `most` calls be at work at a time; the others wait in their order. One whose signal aborts while it waits
 * rejects at once, with the signal's reason, and is never begun.
 */
export function limiter(most: number): <R>(work: () => Promise<R>, signal?: AbortSignal) => Promise<R> {
  let working = 0;
  const waiting = new Set<() => void>();

  const turn = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", giveUp);
        waiting.delete(begin);
        resolve();
      };
      const giveUp = (): void => {
        waiting.delete(begin);
        reject(signal?.reason);
      };
      waiting.add(begin);
      signal?.addEventListener("abort", giveUp, { once: true });
    });

  return async (work, signal) => {
    signal?.throwIfAborted();
    if (working >= most) await turn(signal);
    else working++;
    try {
      return await work();
    } finally {
      // The place passes on without becoming free in between.
      const [next] = waiting;
      if (next === undefined) working--;
      else next();
    }
  };
}
