/** A collection's id may have so many characters, of `[a-zA-Z0-9_.-]`; a user's so many, `:` among them. */
const longestCollectionId = 255;
const longestUserId = 128;

/** As a user's id, and where that is too short for the member's, users beside it whose ids hold the member's in pieces. */
export interface UserName {
  readonly userId: string;
  readonly pieces: readonly string[];
}

/**
 * The collection of a namespace. Letters, digits, `_` and `-` stay as they are, of others each byte of UTF-8 is `.` and two
 * hexadecimal digits. What is too long then is `..` and the SHA-256 of the namespace. No two namespaces share one.
 */
export async function collectionIdOf(namespace: string): Promise<string> {
  const id = escaped(namespace, /[^A-Za-z0-9_-]/gu, ".");
  return id.length <= longestCollectionId ? id : `..${await digestOf(namespace)}`;
}

/**
 * The user of a member. Letters, digits, `_`, `.` and `-` stay as they are, of others each byte of UTF-8 is `:` and two
 * hexadecimal digits. What is too long then is `::` and the SHA-256 of the member's id, which is kept in the pieces:
 * `::`, the same SHA-256, `:`, the piece's number in two digits, and some of the id in base64url.
 */
export async function userNameOf(memberId: string): Promise<UserName> {
  const id = escaped(memberId, /[^A-Za-z0-9_.-]/gu, ":");
  if (id.length <= longestUserId) return { userId: id, pieces: [] };
  const userId = `::${await digestOf(memberId)}`;
  const encoded = base64url(new TextEncoder().encode(memberId));
  const room = longestUserId - userId.length - 3;
  const pieces = Array.from(
    { length: Math.ceil(encoded.length / room) },
    (_, i) => `${userId}:${String(i).padStart(2, "0")}${encoded.slice(i * room, (i + 1) * room)}`,
  );
  return { userId, pieces };
}

/** The member whose id this user's tells by itself; undefined where it does not, or nobody here would call a user so. */
export function memberIdOf(userId: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_.-]|:[0-9A-F]{2})+$/.test(userId)) return undefined;
  const bytes = Array.from(userId.matchAll(/:(..)|[^:]/g), ([character, hex]) =>
    hex === undefined ? character.charCodeAt(0) : Number.parseInt(hex, 16),
  );
  const memberId = textOf(Uint8Array.from(bytes));
  return memberId !== undefined && escaped(memberId, /[^A-Za-z0-9_.-]/gu, ":") === userId ? memberId : undefined;
}

/** Whether a user stands for a member of a long id, which its own id does not tell. */
export function isLongName(userId: string): boolean {
  return /^::[A-Za-z0-9_-]{43}$/.test(userId);
}

/** The user whose member's id this user's holds a piece of; undefined where it holds none. */
export function userOfPiece(id: string): string | undefined {
  return /^(::[A-Za-z0-9_-]{43}):\d\d/.exec(id)?.[1];
}

/** The long ids that these users' ids hold in pieces, by the user of each. What is not whole is left out. */
export async function longNamesIn(userIds: Iterable<string>): Promise<Map<string, string>> {
  const pieces = new Map<string, string[]>();
  for (const id of userIds) {
    const [, userId, number, piece] = /^(::[A-Za-z0-9_-]{43}):(\d\d)(.+)$/.exec(id) ?? [];
    if (userId === undefined || piece === undefined) continue;
    const known = pieces.get(userId) ?? [];
    known[Number(number)] = piece;
    pieces.set(userId, known);
  }
  const names = new Map<string, string>();
  for (const [userId, parts] of pieces) {
    const memberId = textOf(fromBase64url(parts.join("")));
    if (memberId !== undefined && `::${await digestOf(memberId)}` === userId) names.set(userId, memberId);
  }
  return names;
}

/** What is noted of a face when it is indexed: when, and for which user. The number makes it another image's id. */
export function externalIdOf(userId: string, at: Date): string {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `fk.${at.getTime().toString(36)}.${number.toString(16)}.${userId}`;
}

/** What `externalIdOf` noted; undefined of a face that others indexed. */
export function notedIn(externalId: string | undefined): { readonly at: Date; readonly userId: string } | undefined {
  const [, time, userId] = /^fk\.([0-9a-z]{1,9})\.[0-9a-f]{1,8}\.(.+)$/.exec(externalId ?? "") ?? [];
  return time === undefined || userId === undefined ? undefined : { at: new Date(Number.parseInt(time, 36)), userId };
}

function escaped(text: string, odd: RegExp, mark: string): string {
  return text.replace(odd, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (byte) => mark + byte.toString(16).toUpperCase().padStart(2, "0"),
    ).join(""),
  );
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function digestOf(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

function base64url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64url(text: string): Uint8Array {
  const encoded = text.replaceAll("-", "+").replaceAll("_", "/");
  try {
    return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}
