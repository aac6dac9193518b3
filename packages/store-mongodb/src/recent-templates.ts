import { dot, FaceKitError } from "@facekit/core";
import type { Fields, Server } from "./connection.js";
import { adapterId, Damage } from "./failures.js";
import { numberAt, textAt } from "./fields.js";
import { mostHits, type SearchHit, type SearchIndex } from "./search-index.js";
import { vectorOf } from "./template-document.js";
import { templates } from "./template-log.js";

/** So many of the latest are always compared, whatever the index says: one of its nodes may be behind another. */
const least = 1000;

/** More than this are not taken into memory: about 100 MB of vectors of 512 numbers. */
const mostRecent = 50_000;

interface Recent extends SearchHitSource {
  readonly id: string;
  readonly shownAt: number;
}

interface SearchHitSource {
  readonly namespace: string;
  readonly member: string;
  readonly vector: Float32Array;
}

/**
 * The templates and means that the server's search index may not know yet. It lags behind the collection by a second or
 * by more, and does not say by how much. So what was shown after the last revision that was seen in the index is kept
 * here, and compared one by one. The index takes changes in their order: where it knows a document of one revision, it
 * knows those of all before.
 */
export class RecentTemplates {
  readonly #index: SearchIndex;
  readonly #most: number;
  /** By `_id`, in the order of `shownAt`. */
  readonly #recent = new Map<string, Recent>();
  /** Up to here the index was seen to know all. */
  #known = 0;
  /** Up to here what is not known to be in the index is in `#recent`. */
  #read: number | undefined;

  constructor(index: SearchIndex, most: number = mostRecent) {
    this.#index = index;
    this.#most = most;
  }

  /** Takes in what was shown up to the settled revision `head`. One call at a time. */
  async refresh(server: Server, head: number): Promise<void> {
    let read = this.#read ?? (await this.#begin(server));
    if (head > read) {
      let found = await this.#shown(server, read, head);
      if (this.#recent.size + found.length > this.#most) {
        // So much was written since the last search. The index may have taken it in.
        read = await this.#begin(server);
        found = await this.#shown(server, read, head);
      }
      if (found.length > this.#most) {
        throw new FaceKitError(
          "store-unavailable",
          `The search index is more than ${this.#most} templates behind. Try again when it has caught up.`,
          { adapter: adapterId, retryable: true, retryAfterMs: 1000 },
        );
      }
      for (const document of found) {
        const recent = toRecent(document);
        this.#recent.set(recent.id, recent);
      }
      this.#read = head;
    }
    if (this.#recent.size > least) await this.#forget(server);
  }

  /** The nearest of a namespace, best first. */
  nearest(namespace: string, probe: Float32Array, limit: number): SearchHit[] {
    const own = [...this.#recent.values()].filter((recent) => recent.namespace === namespace);
    return own
      .map(({ member, vector }) => ({ member, similarity: dot(vector, probe) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, limit);
  }

  /** Takes the index for the truth as far as it is seen to know all, and gives that revision. */
  async #begin(server: Server): Promise<number> {
    const known = await this.#lastKnown(server);
    this.#recent.clear();
    this.#known = known;
    this.#read = known;
    return known;
  }

  /** What was shown after one revision and up to another: one more than is taken into memory at the most. */
  #shown(server: Server, after: number, until: number): Promise<Fields[]> {
    return server
      .collection(templates)
      .find({ shownAt: { $gt: after, $lte: until } })
      .sort({ shownAt: 1 })
      .limit(this.#most + 1)
      .project({ namespace: 1, member: 1, vector: 1, shownAt: 1 })
      .toArray();
  }

  /** Asks the index about the latest revision but `least` documents, and forgets what it knows. */
  async #forget(server: Server): Promise<void> {
    const recent = [...this.#recent.values()];
    const last = recent[recent.length - 1 - least];
    if (last === undefined || last.shownAt <= this.#known) return this.#drop(recent);
    const shown = recent.filter(({ shownAt }) => shownAt === last.shownAt).length;
    const held = await this.#index.holds(server, last.shownAt, last.vector, Math.min(shown, mostHits));
    if (held > 0) this.#known = held >= shown ? last.shownAt : last.shownAt - 1;
    this.#drop(recent);
  }

  #drop(recent: readonly Recent[]): void {
    for (const { id, shownAt } of recent.slice(0, Math.max(0, recent.length - least))) {
      if (shownAt <= this.#known) this.#recent.delete(id);
    }
  }

  /** A revision up to which the index knows all: looked for from the latest backwards, in growing steps. */
  async #lastKnown(server: Server): Promise<number> {
    const collection = server.collection(templates);
    for (let skip = least; ; skip *= 4) {
      const [found] = await collection
        .find({ shownAt: { $gt: 0 } })
        .sort({ shownAt: -1 })
        .skip(skip)
        .limit(1)
        .project({ namespace: 1, member: 1, vector: 1, shownAt: 1 })
        .toArray();
      if (found === undefined) return 0;
      const { shownAt, vector } = toRecent(found);
      if ((await this.#index.holds(server, shownAt, vector, 1)) > 0) return shownAt - 1;
    }
  }
}

function toRecent(document: Fields): Recent {
  const vector = vectorOf(document);
  if (vector === undefined) throw new Damage("a template that can be searched for has no vector");
  return {
    id: textAt(document, "_id"),
    namespace: textAt(document, "namespace"),
    member: textAt(document, "member"),
    shownAt: numberAt(document, "shownAt"),
    vector,
  };
}
