import { abortable, type CallOptions, isFaceKitError, limiter } from "@facekit/core";
import { type Commit, toCommit, toValue } from "./commit.js";
import type { Decisions } from "./decisions.js";
import { corrupt } from "./failures.js";
import { NamespaceState } from "./log-state.js";
import type { Names } from "./names.js";
import { mostRequests, type Service } from "./service.js";

/** How many commits are asked for at a time. */
const mostAtOnce = 4 * mostRequests;

/**
 * The total order of a store's writes. The commit of revision N is the file `log/rN.json`, on whose contents all writers
 * agree (`Decisions`). Files of the log are never changed nor deleted, so the revisions have no gap, and whoever looks for
 * the next one finds the end.
 *
 * All that the commits tell is kept in memory.
 */
export class CommitLog {
  readonly #service: Service;
  readonly #names: Names;
  readonly #decisions: Decisions;
  readonly #namespaces = new Map<string, NamespaceState>();
  #revision = 0;
  readonly #inTurn = limiter(1);
  #queued: Promise<void> | undefined;

  constructor(service: Service, names: Names, decisions: Decisions) {
    this.#service = service;
    this.#names = names;
    this.#decisions = decisions;
  }

  /** The last revision that is known here. */
  get revision(): number {
    return this.#revision;
  }

  get namespaces(): ReadonlyMap<string, NamespaceState> {
    return this.#namespaces;
  }

  of(namespace: string): NamespaceState {
    return this.#namespaces.get(namespace) ?? new NamespaceState();
  }

  /** Reads the whole log, with the help of a list of it: one call for 500 commits. */
  async load(options?: CallOptions): Promise<void> {
    const versions = new Map<number, number>();
    let last = 0;
    try {
      for await (const { publicId, version } of this.#service.list(this.#names.log, options)) {
        const revision = this.#names.revisionOf(publicId);
        if (revision === undefined) continue;
        versions.set(revision, version);
        last = Math.max(last, revision);
      }
    } catch (error) {
      // The log can be read without it, with one call more for each commit.
      if (!isFaceKitError(error, "quota-exceeded")) throw error;
    }
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
   * Makes the commit of the revision after `at`, unless another writer was first; then takes in his. Tells whether it was
   * made. When this rejects, it may still be made, at that revision and no other.
   */
  async commit(at: number, commit: Commit, until: number, options?: CallOptions): Promise<boolean> {
    const name = this.#names.commit(at + 1);
    const made = toCommit(await this.#decisions.decide(name, toValue(commit), until, options), name);
    // A reader of this process may have met it already.
    if (this.#revision === at) this.#apply(at + 1, made);
    return made.batch === commit.batch;
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
    let state = this.#namespaces.get(commit.namespace);
    if (state === undefined) {
      state = new NamespaceState();
      this.#namespaces.set(commit.namespace, state);
    }
    state.apply(revision, commit);
    this.#revision = revision;
  }

  async #read(
    revision: number,
    listed: number | undefined,
    options: CallOptions | undefined,
  ): Promise<Commit | undefined> {
    const name = this.#names.commit(revision);
    const value =
      listed === undefined
        ? await this.#decisions.made(name, options)
        : await this.#service.read(name, listed, options);
    return value === undefined ? undefined : toCommit(value, name);
  }
}
