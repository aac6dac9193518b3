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
const most = 50_000;

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
  /** By `_id`, in the order of `shownAt`. */
  readonly #recent = new Map<string, Recent>();
  /** Up to here the index was seen to know all. */
  #known = 0;
  /** Up to here what is not known to be in the index is in `#recent`. */
  #read: number | undefined;

  constructor(index: SearchIndex) {
    this.#index = index;
  }

  /** Takes in what was shown up to the settled revision `head`. One call at a time. */
  async refresh(server: Server, head: number): Promise<void> {
    if (this.#read === undefined) {
      this.#known = await this.#lastKnown(server);
      this.#read = this.#known;
    }
    if (head > this.#read) {
      const found = await server
        .collection(templates)
        .find({ shownAt: { $gt: this.#read, $lte: head } })
        .sort({ shownAt: 1 })
        .limit(most + 1)
        .project({ namespace: 1, member: 1, vector: 1, shownAt: 1 })
        .toArray();
      if (this.#recent.size + found.length > most) await this.#forget(server);
      if (this.#recent.size + found.length > most) {
        throw new FaceKitError(
          "store-unavailable",
          `The search index is more than ${most} templates behind. Try again when it has caught up.`,
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
