import type { Commit } from "./commit.js";

export interface StoredFile {
  readonly file: string;
  readonly version: number;
}

export interface AboutMember {
  readonly memberId: string;
  /** When the first of his templates was taken, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

export interface KnownMember extends StoredFile {
  /** Of the commit that named the file. */
  readonly revision: number;
  readonly ids: Set<string>;
  /** What the file says of him, once somebody has read it: the log does not name him. */
  about?: AboutMember;
}

export interface KnownTemplate {
  /** Of its member. */
  readonly key: string;
  readonly revision: number;
}

/** A namespace as the log tells it: ids, keys of members and places, no vectors. */
export class NamespaceState {
  /** Of its last commit. */
  revision = 0;
  /** Of the last commit that erased all. */
  cleared = 0;
  readonly templates: Map<string, KnownTemplate> = new Map();
  /** By key. */
  readonly members: Map<string, KnownMember> = new Map();
  /** The public ids of the members' files. */
  readonly files: Set<string> = new Set();
  /** Ids of erased templates, and the revision of their erasure. */
  readonly deleted: Map<string, number> = new Map();
  /** Keys of members whom a commit told of without a file, and its revision: they lost all templates by it, or strays. */
  readonly #told = new Map<string, number>();

  /** The last commit after which what was made of a member's templates before no longer holds. */
  touched(key: string): number {
    return Math.max(this.cleared, this.members.get(key)?.revision ?? 0, this.#told.get(key) ?? 0);
  }

  apply(revision: number, commit: Commit): void {
    this.revision = revision;
    if (commit.clear) {
      for (const id of this.templates.keys()) this.deleted.set(id, revision);
      this.templates.clear();
      this.members.clear();
      this.files.clear();
      this.#told.clear();
      this.cleared = revision;
    }
    for (const { puts, erased } of commit.members) {
      for (const id of [...puts, ...erased]) this.#remove(id);
      for (const id of erased) this.deleted.set(id, revision);
    }
    for (const { key, now, puts } of commit.members) {
      const before = this.members.get(key);
      const ids = before?.ids ?? new Set();
      if (now === undefined) {
        this.#told.set(key, revision);
        // Strays may have been told of beside what he has.
        if (ids.size > 0) continue;
      }
      if (before !== undefined) this.files.delete(before.file);
      if (now === undefined) {
        this.members.delete(key);
        continue;
      }
      for (const id of puts) {
        ids.add(id);
        this.deleted.delete(id);
        this.templates.set(id, { key, revision });
      }
      this.files.add(now.file);
      this.members.set(key, { ...now, revision, ids });
    }
  }

  #remove(id: string): void {
    const known = this.templates.get(id);
    if (known === undefined) return;
    this.templates.delete(id);
    this.members.get(known.key)?.ids.delete(id);
  }
}
