/**
 * JSON whose numbers keep every digit: each is the text in which it was written, behind this mark, which no text has that
 * databases take. (The source text of numbers is at hand in `JSON.parse` from Node 21 on only.)
 */
const mark = "\0";

/** The value of a JSON text, for the readers below. Undefined where it is no whole JSON. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(withMarkedNumbers(text)) };
  } catch {
    // Not as a cause: it quotes the text, which may hold a token.
    return undefined;
  }
}

/** Puts numbers in quotes behind the mark. In one pass, whatever the text: no pattern here can go back. */
function withMarkedNumbers(text: string): string {
  const next = /["\d-]/g;
  const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  let marked = "";
  let copied = 0;
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    const { index } = found;
    if (text[index] === '"') {
      const end = endOfString(text, index);
      if (end < 0) break;
      next.lastIndex = end;
      continue;
    }
    number.lastIndex = index;
    const [digits] = number.exec(text) ?? [];
    if (digits === undefined) continue;
    marked += `${text.slice(copied, index)}"\\u0000${digits}"`;
    copied = index + digits.length;
    next.lastIndex = copied;
  }
  return marked + text.slice(copied);
}

/** Behind the closing quote of a string that begins at `start`; negative where there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return -1;
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
