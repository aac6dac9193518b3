import { createHash } from "node:crypto";
import { fromOrderedText, orderedText } from "@facekit/core";

/** RFC 4648, 7: an alphabet in the order of its characters, so that the order of the bytes is that of the text. */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

/** Characters of an id that stand in a key; a longer id is cut, and told from others by its hash. */
const longest = 160;

/** A folder or a file of a key: characters that S3 and file systems take, in the order of the ids by code units. */
export function segmentOf(id: string): string {
  const encoded = base32(Buffer.from(orderedText(id)));
  if (encoded.length <= longest) return encoded;
  // "W" is behind the alphabet: no whole id is taken for a cut one.
  return `${encoded.slice(0, longest)}W${base32(createHash("sha256").update(id).digest())}`;
}

/** Whether it can be a segment. */
export function isSegment(text: string): boolean {
  return /^[0-9A-W]+$/.test(text);
}

/** The id of a segment; undefined where the id was cut, and is not in the key. */
export function idOf(segment: string): string | undefined {
  return segment.includes("W") ? undefined : fromOrderedText(fromBase32(segment).toString());
}

/** The same for ids whose order the segments do not tell: those that begin alike for as long as a segment holds. */
export function groupOf(segment: string): string {
  return segment.slice(0, longest);
}

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text;
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    held = (held << 5) | Math.max(0, alphabet.indexOf(character));
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
    held &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}
