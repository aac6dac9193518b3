/**
 * JSON whose numbers keep every digit: each is the text in which it was written, behind this mark, which no text has that
 * databases take. (The source text of numbers is at hand in `JSON.parse` from Node 21 on only.)
 */
const mark = "\0";

/** Strings, which are left as they are, and numbers outside of them. */
const tokens = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The value of a JSON text, for the readers below. Undefined where it is no whole JSON. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return {
      value: JSON.parse(text.replace(tokens, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`))),
    };
  } catch {
    // Not as a cause: it quotes the text, which may hold a token.
    return undefined;
  }
}

/** What lies at a place such as `"data.customer"`; the value itself where no place is named. */
export function at(value: unknown, place: string | undefined): unknown {
  let found = value;
  for (const name of place?.split(".") ?? []) {
    // Own ones: "constructor" is no field.
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

/** Puts a value at a place of an object, making those on the way. */
export function putAt(target: Record<string, unknown>, place: string, value: unknown): void {
  const names = place.split(".");
  const last = names.pop() ?? "";
  let into = target;
  for (const name of names) {
    const next: unknown = into[name];
    const inner = isRecord(next) ? next : {};
    into[name] = inner;
    into = inner;
  }
  into[last] = value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The digits of a number as they were written; undefined of anything else. */
export function numberText(value: unknown): string | undefined {
  return typeof value === "string" && value.startsWith(mark) ? value.slice(1) : undefined;
}

/** Text, or a number as text, without what databases do not take; undefined of anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = numberText(value) ?? value;
  return text.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}
