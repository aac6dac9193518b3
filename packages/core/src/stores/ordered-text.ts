/** The last character that there is. */
const last = "\u{10FFFF}";

/**
 * What to store of an id, such that the order of code points (that of UTF-8 bytes, of most databases) is the order of the
 * ids by UTF-16 code units, which is JavaScript's and Facekit's. The two differ where characters beyond U+FFFF meet those
 * of U+E000 to U+FFFF: the latter are stored behind U+10FFFF, which moves them behind all others. Ids without such
 * characters are stored as they are.
 */
export function orderedText(id: string): string {
  return id.replace(/[\uE000-\uFFFF\u{10FFFF}]/gu, (character) => last + (character === last ? "\u0001" : character));
}

/** The id that `orderedText` made into this. */
export function fromOrderedText(stored: string): string {
  return stored.replace(/\u{10FFFF}(.)/gsu, (_, character: string) => (character === "\u0001" ? last : character));
}
