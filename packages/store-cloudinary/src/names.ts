import { createHash, randomUUID } from "node:crypto";

/** Longest name of the folder that a store lives in: public ids hold 255 characters. */
export const longestFolder = 60;

/** Longest id that is written out in a public id. */
const longestName = 64;

/** Where things lie. All names are ASCII in lower case, of letters, digits and `-_/.`. */
export class Names {
  readonly space: string;
  readonly log: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.space = `${folder}/space.json`;
    this.log = `${folder}/log/`;
  }

  commit(revision: number): string {
    return `${this.log}r${String(revision).padStart(12, "0")}.json`;
  }

  /** Everything of a namespace. */
  event(namespace: string): string {
    return `${this.#folder}/${nameOf(namespace)}/`;
  }

  manifest(namespace: string): string {
    return `${this.event(namespace)}event.json`;
  }

  member(namespace: string, memberId: string): string {
    return `${this.event(namespace)}${nameOf(memberId)}/`;
  }

  /** A name that no file had before. `base` is the revision that its contents were made at. */
  file(namespace: string, memberId: string, base: number): string {
    return `${this.member(namespace, memberId)}b${base}-${randomUUID().replace(/-/g, "")}.json`;
  }
}

/** The revision of a commit's file; undefined for other files. */
export function revisionOf(publicId: string): number | undefined {
  const digits = /\/r(\d{12,})\.json$/.exec(publicId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What the path of a member's file tells; undefined for other files. */
export function partsOf(publicId: string): { readonly member: string; readonly base: number } | undefined {
  const [, member, base] = /\/([nh]-[^/]*)\/b(\d+)-[0-9a-f]+\.json$/.exec(publicId) ?? [];
  return member === undefined ? undefined : { member, base: Number(base) };
}

/**
 * What a public id says of an id: small letters, digits and `-` are themselves, every other byte of its UTF-8 is `_` and two
 * hexadecimal digits. An id that is too long for that is told by its SHA-256; the file has it in full.
 */
export function nameOf(id: string): string {
  const bytes = [...Buffer.from(id)];
  const text = bytes
    .map((byte) => (/[a-z0-9-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `_${hex(byte)}`))
    .join("");
  return text.length <= longestName ? `n-${text}` : `h-${createHash("sha256").update(id).digest("hex")}`;
}

/** The id behind a name; undefined where the name only has its hash. */
export function idOf(name: string): string | undefined {
  if (!name.startsWith("n-")) return undefined;
  const bytes = [...name.slice(2).matchAll(/_([0-9a-f]{2})|(.)/g)].map(([, code, character = ""]) =>
    code === undefined ? character.charCodeAt(0) : Number.parseInt(code, 16),
  );
  return Buffer.from(bytes).toString();
}

/** Stands for a member in a commit that must not name him: he is erased by it. */
export function keyOf(memberName: string): string {
  return createHash("sha256").update(memberName).digest("hex").slice(0, 32);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
