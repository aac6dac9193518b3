import {
  checkId,
  checkNumber,
  checkText,
  checkVector,
  disposeAll,
  type EmbeddingSpace,
  FaceKitError,
  limiter,
  type MemberMatch,
  mapConcurrently,
  type NamespacedFaceRecord,
  notOpenError,
  orderedText,
  type Progress,
  scoredMembers,
  specVersion,
  type VectorStore,
} from "@facekit/core";
import { checkOptions, createConnection, type MongodbConnectionOptions, type Server } from "./connection.js";
import { mongodbFaceRecords } from "./face-records.js";
import { adapterId } from "./failures.js";
import { RecentTemplates } from "./recent-templates.js";
import { mostHits, SearchIndex } from "./search-index.js";
import { chunksOf } from "./staged-documents.js";
import { fromTemplate } from "./template-document.js";
import { templates } from "./template-log.js";

export interface MongodbVectorStoreOptions extends MongodbConnectionOptions {
  /** The name of the search index. It is made where it is missing. Default `"facekit"`. */
  readonly searchIndex?: string;
  /** Compare each probe with every template of the namespace: slower, and nothing is missed. Default false. */
  readonly exact?: boolean;
  /** How long `open` waits until the search index can be searched, in milliseconds. Default 600,000. */
  readonly indexTimeoutMs?: number;
  /** Told while `open` waits for the search index: `done` is in seconds. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Searches of one call that are under way at a time. */
const concurrency = 8;

/** The server rounds its scores to float32. */
const rounding = 1e-6;

/**
 * Templates in MongoDB, searched by the server's `$vectorSearch`: Atlas, or MongoDB 8.2 or newer with its search
 * process. The collections are those of `mongodbStore`: both may be used over one database at the same time.
 *
 * The server names candidates; they are read from the collection and compared here, so similarities are those of the
 * exact index to the last bit, and nobody is found by a template that was replaced or erased. The search index lags
 * behind the collection. What it may not know yet is compared here one by one, and a write with `ifRevision` fails if
 * anything changed since the search: so nobody is registered twice for the lag.
 *
 * A search gives at most 10,000 members, the most that `$vectorSearch` finds.
 *
 * Calls reject as those of `mongodbStore` do, with `not-supported` where the server has no `$vectorSearch`, and with
 * `store-unavailable` where the search index is not ready in time.
 */
export function mongodbVectorStore(options: MongodbVectorStoreOptions): VectorStore {
  checkOptions("mongodbVectorStore", options, ["searchIndex", "exact", "indexTimeoutMs", "onProgress"]);
  const { searchIndex = "facekit", exact = false, indexTimeoutMs = 600_000, onProgress } = options;
  checkText("searchIndex", searchIndex);
  checkNumber("indexTimeoutMs", indexTimeoutMs, { min: 0, max: 86_400_000 });
  if (typeof exact !== "boolean") {
    throw new FaceKitError("invalid-argument", `exact wants true or false; got ${typeof exact}.`, {
      adapter: adapterId,
    });
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new FaceKitError("invalid-argument", `onProgress wants a function; got ${typeof onProgress}.`, {
      adapter: adapterId,
    });
  }
  const connection = createConnection("mongodbVectorStore", options);
  const handle = connection.handle();
  const records = mongodbFaceRecords(connection.handle());
  const index = new SearchIndex({ name: searchIndex, exact, timeoutMs: indexTimeoutMs, onProgress });
  const recent = new RecentTemplates(index);
  const inTurn = limiter(1);
  let bound: EmbeddingSpace | undefined;

  const spaceOf = (): EmbeddingSpace => {
    handle.check();
    if (bound !== undefined) return bound;
    throw notOpenError(adapterId);
  };

  /** The best members of each probe. For one whose last hit is as good as its last member, the search goes deeper. */
  const matchesOf = async (
    server: Server,
    namespace: string,
    probes: readonly Float32Array[],
    k: number,
  ): Promise<MemberMatch[][]> => {
    const matches = new Array<MemberMatch[]>(probes.length);
    let waiting = [...probes.entries()];
    for (let depth = Math.min(mostHits, k * 4); ; depth = Math.min(mostHits, depth * 4)) {
      const hits = await mapConcurrently(waiting, concurrency, async ([, probe]) => [
        await index.nearest(server, namespace, probe, depth),
        recent.nearest(namespace, probe, depth),
      ]);
      const candidates = await templatesOf(
        server,
        namespace,
        hits.flat(2).map(({ member }) => member),
      );
      waiting = waiting.filter(([i, probe], n) => {
        const best = compared(candidates, probe).slice(0, k);
        const worst = best[k - 1]?.similarity ?? -2;
        matches[i] = best;
        return hits[n]?.some((list) => list.length === depth && (list.at(-1)?.similarity ?? -2) >= worst - rounding);
      });
      if (waiting.length === 0 || depth === mostHits) return matches;
    }
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { exact, readAfterWrite: false, persistent: true, conditionalWrites: true },

    async open(space, callOptions = {}) {
      await records.open(space, callOptions);
      if (bound !== undefined) return;
      await handle.run((server) => index.ready(server, space.dimensions, callOptions.signal), callOptions);
      bound = space;
    },

    async upsert(namespace, batch, writeOptions) {
      spaceOf();
      return records.put(namespace, batch, writeOptions);
    },

    async search(namespace, probes, searchOptions) {
      const space = spaceOf();
      searchOptions.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", searchOptions.k, { min: 1, max: mostHits, integer: true });
      for (const probe of probes) checkVector(probe, space, adapterId);
      const { k, memberIds } = searchOptions;
      for (const memberId of memberIds ?? []) checkId("memberIds", memberId);
      const stored = orderedText(namespace);
      return handle.run(async (server) => {
        const revision = await records.log.head(server);
        if (memberIds !== undefined) {
          const own = await templatesOf(server, stored, memberIds.map(orderedText));
          return { revision, matches: probes.map((probe) => compared(own, probe).slice(0, k)) };
        }
        await inTurn(() => recent.refresh(server, revision));
        const [counts, matches] = await Promise.all([
          records.log.counts(server, stored),
          matchesOf(server, stored, probes, k),
        ]);
        return { revision, matches, comparisons: counts.templates + counts.means };
      }, searchOptions);
    },

    async deleteMember(namespace, memberId, callOptions) {
      return (await records.delete(namespace, { memberId }, callOptions)).deleted;
    },

    async deleteNamespace(namespace, callOptions) {
      return (await records.deleteNamespace(namespace, callOptions)).deleted;
    },

    async count(namespace, callOptions) {
      let members = 0;
      let count = 0;
      for await (const member of records.members(namespace, callOptions)) {
        members++;
        count += member.templates;
      }
      return { members, templates: count };
    },

    members: (namespace, callOptions) => records.members(namespace, callOptions),

    async [Symbol.asyncDispose]() {
      await disposeAll([records, { [Symbol.asyncDispose]: () => handle.release() }]);
    },
  };
}

/** The templates of members, by member, in the code-unit order of their ids. */
async function templatesOf(
  server: Server,
  namespace: string,
  members: readonly string[],
): Promise<Map<string, NamespacedFaceRecord[]>> {
  const found = new Map<string, NamespacedFaceRecord[]>();
  for (const some of chunksOf([...new Set(members)])) {
    const documents = server
      .collection(templates)
      .find({ namespace, member: { $in: some }, state: "live" })
      .sort({ id: 1, revision: 1 });
    for (const document of await documents.toArray()) {
      const record = fromTemplate(document);
      const own = found.get(record.memberId);
      if (own === undefined) found.set(record.memberId, [record]);
      // While a write is settled, a template that it replaces is there in both versions.
      else if (own.at(-1)?.id === record.id) own[own.length - 1] = record;
      else own.push(record);
    }
  }
  return found;
}

function compared(members: ReadonlyMap<string, readonly NamespacedFaceRecord[]>, probe: Float32Array): MemberMatch[] {
  return scoredMembers([...members].map(([memberId, templates]) => ({ memberId, templates })))(probe);
}
