import { FaceKitError } from "../errors.js";
import type { CallOptions } from "../spec/adapter.js";
import { interruptible } from "./interruptible.js";

/** Reads a stream item by item, and holds it to its order: a merge over one in disorder would see orphans everywhere. */
export class OrderedCursor<T> {
  /** The item that is to be looked at; undefined at the end. */
  current: T | undefined;
  read = 0;
  readonly #iterator: AsyncIterator<T>;
  readonly #keyOf: (item: T) => readonly string[];
  readonly #adapter: string;
  readonly #what: string;

  /** `keyOf` gives what the items are ordered by, most significant first, and each key comes once. */
  constructor(
    items: AsyncIterable<T>,
    keyOf: (item: T) => readonly string[],
    of: { readonly adapter: string; readonly what: string } & CallOptions,
  ) {
    this.#iterator = interruptible(items, of.signal);
    this.#keyOf = keyOf;
    this.#adapter = of.adapter;
    this.#what = of.what;
  }

  async advance(): Promise<void> {
    const before = this.current;
    const { done, value } = await this.#iterator.next();
    this.current = done ? undefined : value;
    if (done) return;
    this.read++;
    if (before === undefined) return;
    const [last, next] = [this.#keyOf(before), this.#keyOf(value)];
    if (isAfter(next, last)) return;
    throw new FaceKitError(
      "not-supported",
      `The ${this.#what} of "${this.#adapter}" do not come in code-unit order, each once: ${JSON.stringify(next)} after ` +
        `${JSON.stringify(last)}. They cannot be compared; mend the adapter (its conformance suite tests the order).`,
      { adapter: this.#adapter },
    );
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

function isAfter(next: readonly string[], last: readonly string[]): boolean {
  for (const [i, part] of next.entries()) {
    const before = last[i] ?? "";
    if (part !== before) return part > before;
  }
  return false;
}
