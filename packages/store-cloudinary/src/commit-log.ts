import { abortable, type CallOptions, isFaceKitError, limiter } from "@facekit/core";
import { type Commit, toCommit, toText } from "./commit.js";
import { corrupt, unavailable } from "./failures.js";
import { NamespaceState } from "./log-state.js";
import { type Names, revisionOf } from "./names.js";
import type { Service } from "./service.js";

/** How many commits are read at a time. */
const mostAtOnce = 32;

/**
 * The total order of a store's writes. The commit of revision N is the file `log/rN.json`, which is made with
 * `overwrite: false`: where two writers meet, the service lets one make it, and tells the other that it is there. Files of
 * the log are never deleted, so the revisions have no gap, and whoever looks for the next one finds the end.
 *
 * All that the commits tell, without vectors, is kept in memory.
 */
export class CommitLog {
  readonly #service: Service;
  readonly #names: Names;
  readonly #namespaces = new Map<string, NamespaceState>();
  #revision = 0;
  #batch = "";
  readonly #inTurn = limiter(1);
  #queued: Promise<void> | undefined;

  constructor(service: Service, names: Names) {
    this.#service = service;
    this.#names = names;
  }

  /** The last revision that is known here. */
  get revision(): number {
    return this.#revision;
  }

  get namespaces(): ReadonlyMap<string, NamespaceState> {
    return this.#namespaces;
  }

  /** The batch of the last commit that is known here. */
  get batch(): string {
    return this.#batch;
  }

  of(namespace: string): NamespaceState {
    return this.#namespaces.get(namespace) ?? new NamespaceState();
  }

  /** Reads the whole log, with the help of a list of it: one call for 500 commits. */
  async load(options?: CallOptions): Promise<void> {
    const versions = new Map<number, number>();
    try {
      for await (const { publicId, version } of this.#service.list(this.#names.log, options)) {
        const revision = revisionOf(publicId);
        if (revision !== undefined) versions.set(revision, version);
      }
    } catch (error) {
      // The log can be read without it, with one call more for each commit.
      if (!isFaceKitError(error, "quota-exceeded")) throw error;
    }
    const last = Math.max(0, ...versions.keys());
    await this.#inTurn(async () => {
      while (this.#revision < last) {
        if (!(await this.#take(Math.min(mostAtOnce, last - this.#revision), versions, options))) return;
      }
    }, options?.signal);
    await this.follow(options);
    if (this.#revision < last) throw corrupt(`${this.#names.commit(this.#revision + 1)} is missing.`);
  }

  /** Takes in every commit that was acknowledged before the call. Those who wait together share one look. */
  async follow(options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#queued ??= this.#inTurn(async () => {
      // Not before the promise of this look is held: it would never be let go.
      await undefined;
      this.#queued = undefined;
      // Twice as many each time: one look where nothing is new, few rounds where much is.
      for (let most = 1; await this.#take(most, new Map(), {}); most = Math.min(most * 2, mostAtOnce));
    });
    await abortable(this.#queued, options.signal);
  }

  /**
   * Makes the commit of the next revision, if `at` is still the last one. Tells the revision where it is there then, and
   * undefined where another writer was first: `follow` and look again.
   */
  async commit(at: number, commit: Commit, options?: CallOptions): Promise<number | undefined> {
    const revision = at + 1;
    const name = this.#names.commit(revision);
    const { existing } = await this.#service.create(name, toText(commit), options);
    if (existing) {
      // Its own, where the answer to an earlier attempt was lost.
      const held = await this.#read(revision, undefined, options);
      if (held?.batch !== commit.batch) return undefined;
    }
    // A reader of this process may have met it already.
    if (this.#revision === at) this.#apply(revision, commit);
    return revision;
  }

  /**
   * Takes the names of erased members out of the commits before. Who reads an older copy of one reads of templates that a
   * later commit erases.
   */
  async forget(namespace: string, options?: CallOptions): Promise<void> {
    const state = this.of(namespace);
    for (const revision of [...state.outdated]) {
      for (;;) {
        const held = await this.#read(revision, undefined, options);
        if (held === undefined) throw corrupt(`${this.#names.commit(revision)} is missing.`);
        const wanted = state.withoutErased(revision, held);
        if (wanted.members.length === held.members.length) break;
        await this.#service.put(this.#names.commit(revision), toText(wanted), options);
        // Another process may have done the same for another member meanwhile: both must be out.
        await this.follow(options);
      }
      state.outdated.delete(revision);
    }
  }

  /** Takes in up to so many commits, and tells whether all of them were there. */
  async #take(most: number, versions: ReadonlyMap<number, number>, options: CallOptions | undefined): Promise<boolean> {
    const first = this.#revision + 1;
    const commits = await Promise.all(
      Array.from({ length: most }, (_, i) => this.#read(first + i, versions.get(first + i), options)),
    );
    for (const [i, commit] of commits.entries()) {
      if (commit === undefined) return false;
      // A writer of this process may have made it meanwhile.
      if (this.#revision === first + i - 1) this.#apply(first + i, commit);
    }
    return true;
  }

  #apply(revision: number, commit: Commit): void {
    if (commit.previous !== this.#batch) {
      throw corrupt(`${this.#names.commit(revision)} follows another commit than the one that was read before it.`);
    }
    let state = this.#namespaces.get(commit.namespace);
    if (state === undefined) {
      state = new NamespaceState();
      this.#namespaces.set(commit.namespace, state);
    }
    state.apply(revision, commit);
    this.#revision = revision;
    this.#batch = commit.batch;
  }

  async #read(
    revision: number,
    listed: number | undefined,
    options: CallOptions | undefined,
  ): Promise<Commit | undefined> {
    const name = this.#names.commit(revision);
    const version = listed ?? (await this.#service.version(name, options));
    if (version === undefined) return undefined;
    const value = await this.#service.read(name, version, options);
    if (value === undefined) throw unavailable(`Cloudinary says that ${name} is there, and does not deliver it.`);
    return toCommit(value, name);
  }
}
