import { corrupt } from "./failures.js";

/** What a commit did to one member. No file of the log names him: it outlives what it tells of. */
export interface MemberChange {
  /** `keyOf` his id. */
  readonly key: string;
  /** The one file that holds all his templates after it, where he has any and they changed. */
  readonly now?: { readonly file: string; readonly version: number };
  /** Ids of the templates that were put. */
  readonly puts: readonly string[];
  readonly erased: readonly string[];
}

/** One write, as its file in the log tells it. */
export interface Commit {
  /** Names the write. */
  readonly batch: string;
  readonly namespace: string;
  /** Everything in the namespace was erased. */
  readonly clear: boolean;
  readonly members: readonly MemberChange[];
}

const format = 1;

export function toValue(commit: Commit): object {
  return { format, ...commit };
}

/** Throws `store-corrupt` for what is no commit. */
export function toCommit(value: unknown, name: string): Commit {
  const bad = (): never => {
    throw corrupt(`${name} is no commit of this version of Facekit.`);
  };
  const at = (from: unknown, key: string): unknown => Reflect.get(Object(from), key);
  const text = (found: unknown): string => (typeof found === "string" ? found : bad());
  const number = (found: unknown): number => (typeof found === "number" ? found : bad());
  const list = (found: unknown): readonly unknown[] => (Array.isArray(found) ? found : bad());
  if (at(value, "format") !== format) bad();
  return {
    batch: text(at(value, "batch")),
    namespace: text(at(value, "namespace")),
    clear: at(value, "clear") === true,
    members: list(at(value, "members")).map((entry) => {
      const now = at(entry, "now");
      return {
        key: text(at(entry, "key")),
        ...(now !== undefined && { now: { file: text(at(now, "file")), version: number(at(now, "version")) } }),
        puts: list(at(entry, "puts")).map(text),
        erased: list(at(entry, "erased")).map(text),
      };
    }),
  };
}
