/**
 * SQLite orders text by code points, Facekit by UTF-16 code units, as JavaScript does. The two differ where characters
 * beyond U+FFFF meet those of U+E000 to U+FFFF. So the latter are stored behind U+10FFFF, the last character there is,
 * which moves them behind all others. Ids without such characters are stored as they are.
 */
const last = "\u{10FFFF}";

/** What to store, such that SQLite's order is the order of the ids. */
export function orderedText(id: string): string {
  return id.replace(/[\uE000-\uFFFF\u{10FFFF}]/gu, (character) => last + (character === last ? "\u0001" : character));
}

/** The id that was stored. */
export function fromOrderedText(stored: string): string {
  return stored.replace(/\u{10FFFF}(.)/gsu, (_, character: string) => (character === "\u0001" ? last : character));
}
