import { corrupt } from "./failures.js";

/** What a commit did to one member. */
export interface MemberChange {
  /** Where he has templates after it: his id, and the one file that holds them all. */
  readonly now?: { readonly memberId: string; readonly file: string; readonly version: number };
  /** Where he has none: `keyOf` his name, so that nothing names him who is erased. */
  readonly key?: string;
  /** Ids of the templates that were put, and when they were taken (milliseconds since 1970). */
  readonly puts: readonly (readonly [id: string, createdAt: number])[];
  readonly erased: readonly string[];
}

/** One write, as its file in the log tells it. */
export interface Commit {
  /** Names the write. */
  readonly batch: string;
  /** The batch of the commit before: tells where one was written over. Empty for the first. */
  readonly previous: string;
  readonly namespace: string;
  /** Everything in the namespace was erased. */
  readonly clear: boolean;
  readonly members: readonly MemberChange[];
}

const format = 1;

export function toText(commit: Commit): string {
  return JSON.stringify({ format, ...commit });
}

/** Throws `store-corrupt` for what is no commit. */
export function toCommit(value: unknown, name: string): Commit {
  const bad = (): never => {
    throw corrupt(`${name} is no commit of this version of Facekit.`);
  };
  const at = (from: unknown, key: string): unknown => Reflect.get(Object(from), key);
  const text = (from: unknown, key: string): string => {
    const found = at(from, key);
    return typeof found === "string" ? found : bad();
  };
  const list = (from: unknown, key: string): readonly unknown[] => {
    const found = at(from, key);
    return Array.isArray(found) ? found : bad();
  };
  const number = (found: unknown): number => (typeof found === "number" ? found : bad());
  const string = (found: unknown): string => (typeof found === "string" ? found : bad());
  if (at(value, "format") !== format) bad();
  return {
    batch: text(value, "batch"),
    previous: text(value, "previous"),
    namespace: text(value, "namespace"),
    clear: at(value, "clear") === true,
    members: list(value, "members").map((entry) => {
      const now = at(entry, "now");
      return {
        ...(now === undefined
          ? { key: text(entry, "key") }
          : {
              now: { memberId: text(now, "memberId"), file: text(now, "file"), version: number(at(now, "version")) },
            }),
        puts: list(entry, "puts").map((put) => [string(at(put, "0")), number(at(put, "1"))] as const),
        erased: list(entry, "erased").map(string),
      };
    }),
  };
}
