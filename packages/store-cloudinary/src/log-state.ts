import type { Commit } from "./commit.js";
import { keyOf, nameOf } from "./names.js";

export interface StoredFile {
  readonly file: string;
  readonly version: number;
}

export interface KnownMember extends StoredFile {
  /** Of the commit that wrote the file. */
  readonly revision: number;
  readonly ids: Set<string>;
}

export interface KnownTemplate {
  readonly memberId: string;
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A namespace as the log tells it: ids and places, no vectors. */
export class NamespaceState {
  /** Of its last commit. */
  revision = 0;
  /** Of the last commit that erased all. */
  cleared = 0;
  readonly templates: Map<string, KnownTemplate> = new Map();
  readonly members: Map<string, KnownMember> = new Map();
  /** The public ids of the members' files. */
  readonly files: Set<string> = new Set();
  /** Ids of erased templates, and the revision of their erasure. */
  readonly deleted: Map<string, number> = new Map();
  /** `keyOf` members whom a commit told of without a name, and its revision: he lost all templates by it, or strays. */
  readonly unnamed: Map<string, number> = new Map();
  /** `keyOf` members who lost all templates, and the revision. */
  readonly #erased = new Map<string, number>();
  /** Commits that name a member who was erased after them. */
  readonly outdated: Set<number> = new Set();
  /** The commits that name each member. */
  readonly #named = new Map<string, number[]>();
  readonly #emptied = new Set<string>();

  /** The last commit after which what was made of a member's templates before no longer holds. */
  touched(memberId: string): number {
    return Math.max(
      this.cleared,
      this.members.get(memberId)?.revision ?? 0,
      this.unnamed.get(keyOf(nameOf(memberId))) ?? 0,
    );
  }

  /** A commit without those who were erased after it: nothing of what it tells of them holds any more. */
  withoutErased(revision: number, commit: Commit): Commit {
    const members = commit.members.filter(({ now }) => {
      if (now === undefined) return true;
      return revision > Math.max(this.cleared, this.#erased.get(keyOf(nameOf(now.memberId))) ?? 0);
    });
    return { ...commit, members };
  }

  apply(revision: number, commit: Commit): void {
    this.revision = revision;
    if (commit.clear) {
      for (const id of this.templates.keys()) this.deleted.set(id, revision);
      this.templates.clear();
      this.members.clear();
      this.files.clear();
      this.unnamed.clear();
      this.#erased.clear();
      for (const memberId of [...this.#named.keys()]) this.#outdate(memberId);
      this.cleared = revision;
    }
    for (const { now, key, puts, erased } of commit.members) {
      if (key !== undefined) this.unnamed.set(key, revision);
      for (const id of erased) {
        this.#remove(id);
        this.deleted.set(id, revision);
      }
      if (now === undefined) continue;
      const { memberId, file, version } = now;
      const before = this.members.get(memberId);
      const ids = before?.ids ?? new Set();
      if (before !== undefined) this.files.delete(before.file);
      const commits = this.#named.get(memberId);
      if (commits === undefined) this.#named.set(memberId, [revision]);
      else commits.push(revision);
      this.files.add(file);
      this.members.set(memberId, { file, version, revision, ids });
      for (const [id, createdAt] of puts) {
        this.#remove(id);
        this.deleted.delete(id);
        ids.add(id);
        this.templates.set(id, { memberId, revision, createdAt });
      }
      // Only where his puts were taken out of the log already: he is erased by a later commit.
      if (ids.size === 0) this.#emptied.add(memberId);
    }
    for (const memberId of this.#emptied) this.#dropEmpty(memberId, revision);
    this.#emptied.clear();
  }

  #remove(id: string): void {
    const known = this.templates.get(id);
    if (known === undefined) return;
    this.templates.delete(id);
    const member = this.members.get(known.memberId);
    member?.ids.delete(id);
    if (member?.ids.size === 0) this.#emptied.add(known.memberId);
  }

  #dropEmpty(memberId: string, revision: number): void {
    const member = this.members.get(memberId);
    if (member === undefined || member.ids.size > 0) return;
    this.members.delete(memberId);
    this.files.delete(member.file);
    this.#erased.set(keyOf(nameOf(memberId)), revision);
    this.#outdate(memberId);
  }

  #outdate(memberId: string): void {
    for (const revision of this.#named.get(memberId) ?? []) this.outdated.add(revision);
    this.#named.delete(memberId);
  }
}
