/**
 * An id as a binary key. DynamoDB orders these by unsigned bytes, so UTF-16 with the high byte first is in the order of
 * code units; and the longest id, 512 code units, has the 1,024 bytes that a sort key may have. (Text is ordered by its
 * UTF-8 bytes, of which the longest id has three times as many.)
 */
export function codeUnits(id: string): Uint8Array {
  return Buffer.from(id, "utf16le").swap16();
}

/** The id of a key that `codeUnits` made. */
export function fromCodeUnits(key: Uint8Array): string {
  return Buffer.from(key).swap16().toString("utf16le");
}
