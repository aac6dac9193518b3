import { setTimeout as sleep } from "node:timers/promises";
import { type Fields, longestWriteMs, type Server } from "./connection.js";
import { isDuplicate } from "./failures.js";
import { numberAt, textAt } from "./fields.js";

/** A commit as it lies in the log. Its `_id` is the revision. */
export interface Commit extends Fields {
  readonly revision: number;
  /** Names the write, so that it is found again after its answer was lost. */
  readonly batch: string;
  readonly namespace: string;
  readonly settled: boolean;
  /** Nothing of it counts: documents that it was to show were missing. */
  readonly empty: boolean;
}

/** The log's share of a write. */
export interface Write {
  readonly batch: string;
  /** As it is stored. */
  readonly namespace: string;
  /**
   * What the commit shall hold, decided at the settled revision `head`: nothing changes between that and the commit.
   * Undefined where nothing is to be written. It may be asked again at a later head.
   */
  prepare(head: number): Promise<Fields | undefined>;
}

/** What became of a write. */
export type Outcome =
  | { readonly kind: "committed"; readonly commit: Commit }
  /** There was nothing to write at this revision. */
  | { readonly kind: "nothing"; readonly revision: number };

/**
 * The total order of a store's writes, on servers without transactions.
 *
 * A write first lays down its documents where nobody sees them, and then inserts a commit whose `_id` is the last
 * revision plus one: that one insert is the write. Where two meet, the unique key lets one through. What the commit says
 * is then carried out (`settle`: documents are shown, others taken away) and the commit is marked as settled. Whoever
 * reads or writes settles the last commit first, where its writer did not get to it, and a commit is only inserted after
 * its forerunner was settled. So at most one is open, the last, and a process that dies leaves nothing or everything.
 *
 * `settle` must be repeatable, also late: when later commits are there already, it must change nothing. It fulfils with
 * false where documents of the write are missing; if so, what is there of them is taken away by `discard`. Which of the
 * two it is to be, the commit says before anything is taken away: so settlers that saw different things end as one.
 * Documents may be missing where they were swept away before they were shown, and never after that.
 *
 * What a commit is to erase it names in `erases`, which goes when it is settled: it names members.
 *
 * A commit that was inserted late below the last one, by a writer who slept while the log was compacted, was never the
 * last and never gets settled: it does not count, and its writer notices.
 */
export class CommitLog {
  readonly #collection: string;
  readonly #settle: (server: Server, commit: Commit) => Promise<boolean>;
  readonly #discard: (server: Server, commit: Commit) => Promise<void>;
  /** What this process is settling, so that its own readers do not do it beside it. */
  #settling: { readonly revision: number; readonly done: Promise<void> } | undefined;
  /** The last commit that this process inserted: nobody else need be waited for. */
  #own = 0;

  constructor(
    collection: string,
    settle: (server: Server, commit: Commit) => Promise<boolean>,
    discard: (server: Server, commit: Commit) => Promise<void>,
  ) {
    this.#collection = collection;
    this.#settle = settle;
    this.#discard = discard;
  }

  async createIndexes(server: Server): Promise<void> {
    await server.index(this.#collection, [
      { key: { namespace: 1, _id: -1 }, name: "by_namespace" },
      { key: { batch: 1 }, name: "by_batch" },
    ]);
  }

  /** The last revision, settled; 0 where there is none. */
  async head(server: Server): Promise<number> {
    for (let looked = 0; ; looked++) {
      const last = await this.#last(server, {});
      if (last === undefined) return 0;
      if (last.settled) return last.revision;
      // Its writer is most likely at it.
      if (looked < 3 && last.revision !== this.#own && this.#settling?.revision !== last.revision) {
        await sleep(5 + Math.random() * 15);
        continue;
      }
      await this.#settleOnce(server, last);
      return last.revision;
    }
  }

  /** The last commit of a namespace that counts. What it tells holds after `head` and until the next commit. */
  lastOf(server: Server, namespace: string): Promise<Commit | undefined> {
    return this.#last(server, { namespace, settled: true, empty: { $ne: true } });
  }

  /** Commits a write. May be called again with the same batch after an error: it is committed once. */
  async commit(server: Server, write: Write, again: boolean): Promise<Outcome> {
    const commits = server.collection(this.#collection);
    for (let tried = again; ; ) {
      const head = await this.head(server);
      if (tried) {
        const own = await this.#last(server, { batch: write.batch });
        if (own?.settled) return { kind: "committed", commit: own };
        // An answer was lost, and the insert came through only now.
        if (own !== undefined && own.revision > head) continue;
        if (own !== undefined) await commits.deleteOne({ _id: own.revision, batch: write.batch, settled: false });
      }
      const body = await write.prepare(head);
      if (body === undefined) return { kind: "nothing", revision: head };
      const revision = head + 1;
      tried = true;
      try {
        const { batch, namespace } = write;
        await commits.insertOne({ _id: revision, batch, namespace, at: server.now(), settled: false, ...body });
        this.#own = revision;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        await sleep(Math.random() * 10);
      }
    }
  }

  /**
   * Takes away what later commits of the namespace stand for, but for those that a writer may still look for whose
   * answer was lost. Call it now and then after a commit.
   */
  async compact(server: Server, namespace: string, revision: number): Promise<void> {
    const before = new Date(server.now().getTime() - longestWriteMs);
    await server
      .collection(this.#collection)
      .deleteMany({ namespace, _id: { $lt: revision }, at: { $not: { $gte: before } } });
  }

  async #settleOnce(server: Server, commit: Commit): Promise<void> {
    if (this.#settling?.revision === commit.revision) return this.#settling.done;
    const done = this.#settleNow(server, commit);
    const settling = { revision: commit.revision, done };
    this.#settling = settling;
    try {
      await done;
    } finally {
      if (this.#settling === settling) this.#settling = undefined;
    }
  }

  async #settleNow(server: Server, commit: Commit): Promise<void> {
    const commits = server.collection(this.#collection);
    const open = { _id: commit.revision, batch: commit.batch, settled: false };
    const settled = { $set: { settled: true }, $unset: { erases: "" as const } };
    if (!commit.empty && (await this.#settle(server, commit))) {
      const { matchedCount } = await commits.updateOne({ ...open, empty: { $ne: true } }, settled);
      if (matchedCount > 0) return;
    }
    // Not where somebody settled it meanwhile: documents may then be gone for good reasons.
    await commits.updateOne(open, { $set: { empty: true } });
    if ((await commits.findOne({ ...open, empty: true })) === null) return;
    await this.#discard(server, commit);
    await commits.updateOne(open, settled);
  }

  async #last(server: Server, filter: Fields): Promise<Commit | undefined> {
    const [found] = await server.collection(this.#collection).find(filter).sort({ _id: -1 }).limit(1).toArray();
    if (found === undefined) return undefined;
    return {
      ...found,
      revision: numberAt(found, "_id"),
      batch: textAt(found, "batch"),
      namespace: textAt(found, "namespace"),
      settled: found.settled === true,
      empty: found.empty === true,
    };
  }
}
