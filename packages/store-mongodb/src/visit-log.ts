import { randomUUID } from "node:crypto";
import {
  type CallOptions,
  checkId,
  checkVisit,
  checkVisitQuery,
  limiter,
  orderedText,
  paged,
  specVersion,
  type Visit,
  type VisitLog,
} from "@facekit/core";
import { type Commit, CommitLog } from "./commit-log.js";
import type { Fields, Handle, Server } from "./connection.js";
import { adapterId, Damage } from "./failures.js";
import { dateAt, given, idAt, numberAt, optionalAt, textAt } from "./fields.js";
import { chunksOf, compactEvery, createStagingIndex, insertStaged, sweepStaged, unstage } from "./staged-documents.js";
import { runStaged } from "./staged-write.js";

const pageSize = 1024;
const visits = "visits";

/** The book of visits of a store. */
export function mongodbVisitLog(handle: Handle): VisitLog {
  const log = new CommitLog("visit-commits", settle, discard);
  const inTurn = limiter(1);
  let ready = false;

  const prepared = async (server: Server): Promise<void> => {
    if (ready) return;
    await log.createIndexes(server);
    await createIndexes(server);
    await sweepStaged(server, visits);
    ready = true;
  };
  /** Work on the settled state. */
  const run = <T>(work: (server: Server) => Promise<T>, options: Parameters<Handle["run"]>[1]): Promise<T> =>
    handle.run(async (server) => {
      await prepared(server);
      await log.head(server);
      return work(server);
    }, options);

  /** Fulfils with the commit, or with undefined where there was nothing to write. */
  const write = async (
    namespace: string,
    documents: readonly Fields[],
    prepare: Prepare,
    options: CallOptions = {},
  ): Promise<Commit | undefined> => {
    const staged = {
      async stage(server: Server) {
        await prepared(server);
        const batch = randomUUID();
        await insertStaged(server, visits, batch, documents);
        return batch;
      },
      async commit(server: Server, batch: string, again: boolean) {
        const change = { batch, namespace, prepare: () => prepare(server, batch) };
        const outcome = await log.commit(server, change, again);
        if (outcome.kind === "nothing") return { commit: undefined };
        const { commit } = outcome;
        if (commit.empty) return undefined;
        if (commit.revision % compactEvery === 0) {
          await log.compact(server, namespace, commit.revision);
          await sweepStaged(server, visits);
        }
        return { commit };
      },
      unstage: (server: Server, batch: string) => unstage(server, visits, batch),
    };
    return (await inTurn(() => runStaged(handle, staged, options), options.signal)).commit;
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },

    async append(namespace, batch, options) {
      checkId("namespace", namespace);
      const stored = orderedText(namespace);
      // The first of one key counts.
      const documents = new Map<string, Fields>();
      for (const visit of batch) {
        checkVisit(visit);
        if (!documents.has(visit.key)) documents.set(visit.key, { namespace: stored, ...toDocument(visit) });
      }
      if (documents.size === 0) return run(async () => 0, options);
      const commit = await write(stored, [...documents.values()], withoutKnown(stored, [...documents.keys()]), options);
      return commit === undefined ? 0 : numberAt(commit, "puts");
    },

    async *query(namespace, query = {}, options) {
      checkId("namespace", namespace);
      checkVisitQuery(query);
      if (query.memberId !== undefined) checkId("query.memberId", query.memberId);
      const { memberId, place, session, from, until } = query;
      const filter = given({
        namespace: orderedText(namespace),
        state: "live",
        member: memberId === undefined ? undefined : orderedText(memberId),
        place,
        session,
      });
      const times = [...(from ? [{ at: { $gte: from } }] : []), ...(until ? [{ at: { $lt: until } }] : [])];
      yield* paged<Visit>(
        pageSize,
        (after) =>
          run(async (server) => {
            const behind =
              after === undefined
                ? []
                : [{ $or: [{ at: { $gt: after.at } }, { at: after.at, key: { $gt: orderedText(after.key) } }] }];
            const found = server
              .collection(visits)
              .find({ $and: [filter, ...times, ...behind] })
              .sort({ at: 1, key: 1 })
              .limit(pageSize);
            return (await found.toArray()).map(toVisit);
          }, options),
        options,
      );
    },

    async deleteMember(namespace, memberId, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const stored = orderedText(namespace);
      const commit = await write(stored, [], erasureOf(stored, orderedText(memberId)), options);
      return commit === undefined ? 0 : numberAt(commit, "erased");
    },

    async [Symbol.asyncDispose]() {
      await handle.release();
    },
  };
}

async function createIndexes(server: Server): Promise<void> {
  await server.index(visits, [
    // Not unique: a key may be laid down twice, and the log lets one through.
    { key: { namespace: 1, key: 1 }, name: "by_key" },
    { key: { namespace: 1, at: 1, key: 1 }, name: "by_time" },
    { key: { namespace: 1, member: 1, at: 1, key: 1 }, name: "by_member" },
    { key: { batch: 1 }, name: "by_batch" },
  ]);
  await createStagingIndex(server, visits);
}

/** What a commit shall hold, see `Write`. */
type Prepare = (server: Server, batch: string) => Promise<Fields | undefined>;

/** Takes those of a batch away whose keys are in the book already; what is left is to be committed. */
function withoutKnown(namespace: string, keys: readonly string[]): Prepare {
  return async (server, batch) => {
    const collection = server.collection(visits);
    let puts = keys.length;
    for (const some of chunksOf(keys.map(orderedText))) {
      const there = collection.find({ namespace, key: { $in: some }, state: "live", batch: { $ne: batch } });
      const known = (await there.project({ key: 1 }).toArray()).map((document) => textAt(document, "key"));
      if (known.length > 0) await collection.deleteMany({ batch, key: { $in: known }, state: "staged" });
      puts -= known.length;
    }
    return puts === 0 ? undefined : { puts };
  };
}

function erasureOf(namespace: string, member: string): Prepare {
  return async (server) => {
    const collection = server.collection(visits);
    const erased = await collection.countDocuments({ namespace, member, state: "live" });
    // What a write that was broken off laid down is erased with the rest.
    if (erased === 0 && (await collection.findOne({ namespace, member, state: "staged" })) === null) return undefined;
    return { puts: 0, erases: { member }, erased };
  };
}

/** Shows what the write brings, sees that all of it is there, and takes away what it erases. */
async function settle(server: Server, { batch, namespace, revision, puts, erases }: Commit): Promise<boolean> {
  const collection = server.collection(visits);
  if (puts !== 0) {
    const { matchedCount } = await collection.updateMany(
      { batch },
      { $set: { state: "live", revision }, $unset: { stagedAt: "" } },
    );
    return matchedCount >= numberAt({ puts }, "puts");
  }
  if (typeof erases !== "object" || erases === null || !("member" in erases)) {
    throw new Damage("a commit does not tell what it erases");
  }
  const { member } = erases;
  await collection.deleteMany({ namespace, member, state: "staged" });
  await collection.deleteMany({ namespace, member, state: "live", revision: { $not: { $gte: revision } } });
  return true;
}

async function discard(server: Server, { batch }: Commit): Promise<void> {
  await server.collection(visits).deleteMany({ batch });
}

function toDocument(visit: Visit): Fields {
  const { key, memberId, at, timeZone, place, session, similarity } = visit;
  return given({
    key: orderedText(key),
    member: orderedText(memberId),
    at: new Date(at),
    timeZone,
    place,
    session,
    similarity,
  });
}

function toVisit(document: Fields): Visit {
  return {
    key: idAt(document, "key"),
    memberId: idAt(document, "member"),
    at: dateAt(document, "at"),
    timeZone: textAt(document, "timeZone"),
    ...optionalAt("place", document, textAt),
    ...optionalAt("session", document, textAt),
    ...optionalAt("similarity", document, numberAt),
  };
}
