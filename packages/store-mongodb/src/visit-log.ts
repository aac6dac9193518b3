import { randomUUID } from "node:crypto";
import {
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
import { adapterId } from "./failures.js";
import { dateAt, given, idAt, numberAt, optionalAt, textAt } from "./fields.js";
import { chunksOf, compactEvery, insertStaged, sweepStaged } from "./staged-documents.js";
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
      const append = {
        async stage(server: Server) {
          await prepared(server);
          const id = randomUUID();
          await insertStaged(server, visits, id, [...documents.values()]);
          return id;
        },
        async commit(server: Server, id: string, again: boolean) {
          const write = {
            batch: id,
            namespace: stored,
            prepare: () => dropKnown(server, stored, id),
          };
          const outcome = await log.commit(server, write, again);
          if (outcome.kind === "nothing") return 0;
          const { commit } = outcome;
          if (commit.empty) return undefined;
          if (commit.revision % compactEvery === 0) await log.compact(server, stored, commit.revision);
          return numberAt(commit, "puts");
        },
        unstage: (server: Server, id: string) => server.collection(visits).deleteMany({ batch: id }),
      };
      return inTurn(() => runStaged(handle, append, options), options?.signal);
    },

    async *query(namespace, query = {}, options) {
      checkVisitQuery(query);
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
      const filter = { namespace: orderedText(namespace), member: orderedText(memberId), state: "live" };
      let deleted = 0;
      await run(async (server) => {
        deleted += (await server.collection(visits).deleteMany(filter)).deletedCount;
      }, options);
      return deleted;
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
    { key: { stagedAt: 1 }, name: "by_staging" },
  ]);
}

/** Takes those of a batch away whose keys are in the book already; what is left is to be committed. */
async function dropKnown(server: Server, namespace: string, batch: string): Promise<Fields | undefined> {
  const collection = server.collection(visits);
  const staged = await collection.find({ batch }).project({ key: 1 }).toArray();
  let fresh = staged.length;
  for (const some of chunksOf(staged.map((document) => textAt(document, "key")))) {
    const there = collection.find({ namespace, key: { $in: some }, state: "live" }).project({ key: 1 });
    const known = (await there.toArray()).map((document) => textAt(document, "key"));
    if (known.length === 0) continue;
    fresh -= (await collection.deleteMany({ batch, key: { $in: known } })).deletedCount;
  }
  return fresh === 0 ? undefined : { puts: fresh };
}

async function settle(server: Server, commit: Commit): Promise<boolean> {
  const { matchedCount } = await server
    .collection(visits)
    .updateMany({ batch: commit.batch }, { $set: { state: "live" }, $unset: { stagedAt: "" } });
  return matchedCount >= numberAt(commit, "puts");
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
