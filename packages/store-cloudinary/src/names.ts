import { createHash, randomUUID } from "node:crypto";

/** Longest name of the folder that a store lives in: public ids hold 255 characters. */
export const longestFolder = 60;

/** Longest namespace that is written out in a public id. */
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

  /** The revision of a commit's file; undefined for other files, such as those of a store whose folder lies in the log. */
  revisionOf(publicId: string): number | undefined {
    const digits = /r(\d{12,})\.json$/.exec(publicId)?.[1];
    return digits !== undefined && publicId === this.commit(Number(digits)) ? Number(digits) : undefined;
  }

  /** The files by which a round of a decision about a file is taken. */
  round(
    name: string,
    round: number,
  ): { readonly claim: string; readonly door: string; readonly choice: string; readonly doubt: string } {
    const about = name.slice(this.#folder.length + 1, -".json".length).replace("/", "-");
    const file = (what: string): string => `${this.#folder}/votes/${about}-${round}-${what}.json`;
    return { claim: file("claim"), door: file("door"), choice: file("choice"), doubt: file("doubt") };
  }

  /** Everything of a namespace. */
  event(namespace: string): string {
    return `${this.#folder}/${nameOf(namespace)}/`;
  }

  manifest(namespace: string): string {
    return `${this.event(namespace)}event.json`;
  }

  /** Everything of a member. */
  member(namespace: string, key: string): string {
    return `${this.event(namespace)}m-${key}/`;
  }

  /** A name that no file had before. `base` is the revision that its contents were made at. */
  file(namespace: string, key: string, base: number): string {
    return `${this.member(namespace, key)}b${base}-${randomUUID().replace(/-/g, "")}.json`;
  }

  /** What the path of a member's file tells; undefined for all that is no such file of this store. */
  partsOf(namespace: string, publicId: string): { readonly key: string; readonly base: number } | undefined {
    const event = this.event(namespace);
    if (!publicId.startsWith(event)) return undefined;
    const [, key, base] = /^m-([0-9a-f]{32})\/b(\d+)-[0-9a-f]{32}\.json$/.exec(publicId.slice(event.length)) ?? [];
    return key === undefined ? undefined : { key, base: Number(base) };
  }
}

/**
 * What a public id says of a namespace: small letters, digits and `-` are themselves, every other byte of its UTF-8 is `_`
 * and two hexadecimal digits. One that is too long for that is told by its SHA-256; the manifest has it in full.
 */
export function nameOf(namespace: string): string {
  const bytes = [...Buffer.from(namespace)];
  const text = bytes
    .map((byte) => (/[a-z0-9-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `_${hex(byte)}`))
    .join("");
  return text.length <= longestName ? `n-${text}` : `h-${createHash("sha256").update(namespace).digest("hex")}`;
}

/** Stands for a member wherever something is kept that outlives him. */
export function keyOf(memberId: string): string {
  return createHash("sha256").update(memberId).digest("hex").slice(0, 32);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
