/**
 * Where the process is killed at a write: `before` it begins, or `after` it was done and before its answer came. To the
 * caller that looks the same.
 */
export type CutAt = "before" | "after";

/** Lets so many writes through; the next is cut, and all after it fail before they begin, as those of a killed process. */
export class CutOff {
  #left: number;
  readonly #at: CutAt;

  constructor(writes: number, at: CutAt) {
    this.#left = writes;
    this.#at = at;
  }

  /** The adapter, of which the methods that are named write. */
  of<T extends object>(adapter: T, writes: readonly (keyof T)[]): T {
    const names = new Set<PropertyKey>(writes);
    return new Proxy(adapter, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const left = names.has(name) ? this.#left-- : 1;
          if (left > 0) return Reflect.apply(value, target, args);
          if (left < 0 || this.#at === "before") return Promise.reject(new CutOffError());
          return (async () => {
            await Reflect.apply(value, target, args);
            throw new CutOffError();
          })();
        };
      },
    });
  }
}

export class CutOffError extends Error {
  constructor() {
    super("The process was killed here.");
  }
}
