import type { CallOptions } from "../spec/adapter.js";

/**
 * Yields what `read` hands out page by page, so that a scan of any length holds one page in memory and no lock.
 * `read` gets the last item of the page before, and a page shorter than `size` is the last.
 */
export async function* paged<T>(
  size: number,
  read: (after: T | undefined) => Promise<readonly T[]>,
  options: CallOptions | undefined,
): AsyncGenerator<T> {
  let after: T | undefined;
  for (;;) {
    const page = await read(after);
    for (const item of page) {
      options?.signal?.throwIfAborted();
      yield item;
    }
    if (page.length < size) return;
    after = page.at(-1);
  }
}
