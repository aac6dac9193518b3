/** Lets so many writes through; the next and all after it fail before they begin, as those of a killed process do. */
export class CutOff {
  #left: number;

  constructor(writes: number) {
    this.#left = writes;
  }

  /** The adapter, of which the methods that are named write. */
  of<T extends object>(adapter: T, writes: readonly (keyof T)[]): T {
    const names = new Set<PropertyKey>(writes);
    return new Proxy(adapter, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (names.has(name) && this.#left-- <= 0) return Promise.reject(new CutOffError());
          return Reflect.apply(value, target, args);
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
