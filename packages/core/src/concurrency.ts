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
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));
  return results;
}

/** Lets at most `most` calls be at work at a time; the others wait in their order. */
export function limiter(most: number): <R>(work: () => Promise<R>) => Promise<R> {
  let working = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (working >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else working++;
    try {
      return await work();
    } finally {
      // The place passes on without becoming free in between.
      const next = waiting.shift();
      if (next === undefined) working--;
      else next();
    }
  };
}
