import { checkAdapter, checkId, checkKeys, checkNumber } from "./checks.js";
import { disposeAll } from "./dispose.js";
import { FaceKitError } from "./errors.js";
import { IndexSnapshots } from "./index-snapshots.js";
import { specVersion } from "./spec/adapter.js";
import type { EmbeddingSpace } from "./spec/embedder.js";
import type { FaceRecords } from "./spec/face-records.js";
import type { IndexEntry, IndexHit, VectorIndex } from "./spec/vector-index.js";
import type { MemberMatch, MemberSearchOptions, MemberSearchResult, VectorStore } from "./spec/vector-store.js";
import { checkVector } from "./vectors.js";

export interface VectorStoreOptions {
  /** The durable truth. */
  readonly records: FaceRecords;
  /** The search over it, filled on opening: from a snapshot where the records keep one, else from the records. */
  readonly index: VectorIndex;
}

/** How many changes go to the index in one call while it catches up. */
const batchSize = 1024;

/**
 * Records and an index as one store. Writes go to the records first and are acknowledged from there; before each search
 * the index catches up with the records' changes, those of other processes too, so no search misses an acknowledged
 * write. Owns both parts: disposing the store disposes them.
 *
 * Where the records have a place for snapshots and the index can save itself, a large index is saved there in the
 * background, and on disposal, and restored on opening.
 */
export function createVectorStore(options: VectorStoreOptions): VectorStore {
  checkKeys("createVectorStore", options, ["records", "index"]);
  const { records, index } = options;
  checkAdapter("records", records);
  if (typeof index === "string") {
    throw new FaceKitError(
      "invalid-argument",
      `index wants a VectorIndex; names such as ${JSON.stringify(index)} are for the createVectorStore of @facekit/node.`,
    );
  }
  checkAdapter("index", index);
  let opened: { space: EmbeddingSpace; done: Promise<void> } | undefined;
  let indexed = 0;
  let catchingUp: Promise<unknown> = Promise.resolve();

  const spaceOf = (): EmbeddingSpace => {
    if (opened !== undefined) return opened.space;
    throw new FaceKitError("invalid-argument", "Call open(space) before using the store.", { adapter: records.id });
  };

  const load = async (space: EmbeddingSpace): Promise<void> => {
    await records.open(space);
    await index.open(space);
    indexed = await snapshots.restore();
    await refresh();
  };

  /** Brings the index to the records' state, one caller at a time. */
  const refresh = async (): Promise<number> => {
    const turn = catchingUp.then(async () => {
      const revision = await records.revision();
      if (revision > indexed) await applyChanges(revision);
      return indexed;
    });
    catchingUp = turn.catch(() => undefined);
    await turn;
    snapshots.saveWhereDue();
    return turn;
  };
  const snapshots = new IndexSnapshots(records, index, refresh);

  const applyChanges = async (revision: number): Promise<void> => {
    let namespace = "";
    let puts: IndexEntry[] = [];
    let deletes: string[] = [];
    // No change tells of a write that changed nothing: without this it would be asked for before each search.
    let reached = revision;
    const flush = async (): Promise<void> => {
      if (puts.length > 0) await index.add(namespace, puts);
      if (deletes.length > 0) await index.remove(namespace, deletes);
      snapshots.count(puts.length, deletes.length);
      puts = [];
      deletes = [];
    };
    for await (const change of records.changes(indexed)) {
      const changed = change.kind === "put" ? change.record.namespace : change.namespace;
      const turns = change.kind === "put" ? deletes.length > 0 : puts.length > 0;
      if (changed !== namespace || turns || puts.length + deletes.length >= batchSize) {
        await flush();
        namespace = changed;
      }
      if (change.kind === "put") puts.push(change.record);
      else deletes.push(change.id);
      reached = Math.max(reached, change.revision);
    }
    await flush();
    indexed = reached;
  };

  return {
    specVersion,
    id: `${records.id}+${index.id}`,
    capabilities: {
      exact: index.capabilities.exact,
      readAfterWrite: true,
      persistent: records.capabilities.persistent,
      conditionalWrites: true,
    },
    ...(records.strays === undefined ? {} : { strays: records.strays }),

    async open(space, options) {
      options?.signal?.throwIfAborted();
      if (opened === undefined) {
        opened = { space, done: load(space) };
        opened.done.catch(() => {
          opened = undefined;
        });
      } else if (opened.space.id !== space.id || opened.space.dimensions !== space.dimensions) {
        throw new FaceKitError(
          "space-mismatch",
          `The store is open for space "${opened.space.id}"; templates of "${space.id}" cannot be kept beside those.`,
          { adapter: records.id },
        );
      }
      await opened.done;
    },

    async upsert(namespace, batch, options) {
      const space = spaceOf();
      for (const record of batch) checkVector(record.vector, space, records.id);
      return records.put(namespace, batch, options);
    },

    async search(namespace, probes, options) {
      const space = spaceOf();
      options.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", options.k, { min: 1, max: 1e6, integer: true });
      for (const probe of probes) checkVector(probe, space, index.id);
      // What a search adds to the index while a snapshot fills it would be lost.
      await opened?.done;
      const revision = await refresh();
      return { revision, ...(await searchMembers(index, namespace, probes, options)) };
    },

    async deleteMember(namespace, memberId, options) {
      spaceOf();
      return (await records.delete(namespace, { memberId }, options)).deleted;
    },

    async deleteNamespace(namespace, options) {
      spaceOf();
      return (await records.deleteNamespace(namespace, options)).deleted;
    },

    async count(namespace, options) {
      let members = 0;
      let templates = 0;
      for await (const member of records.members(namespace, options)) {
        members++;
        templates += member.templates;
      }
      return { members, templates };
    },

    members: (namespace, options) => records.members(namespace, options),

    async [Symbol.asyncDispose]() {
      await catchingUp;
      await snapshots.close();
      await disposeAll([index, records]);
    },
  };
}

/**
 * Nearest members from nearest templates and means. Those of one member crowd the hits, so the search goes deeper until
 * every probe has its `k` members or has seen all hits.
 */
async function searchMembers(
  index: VectorIndex,
  namespace: string,
  probes: readonly Float32Array[],
  { k, ...rest }: MemberSearchOptions,
): Promise<Omit<MemberSearchResult, "revision">> {
  const matches = new Array<MemberMatch[]>(probes.length);
  let waiting = probes.map((_, i) => i);
  let comparisons = 0;
  let depth = k * 4;
  do {
    const found = await index.search(
      namespace,
      waiting.flatMap((i) => probes[i] ?? []),
      { ...rest, k: depth },
    );
    // The gallery may grow from one search to the next.
    comparisons = Math.max(comparisons, found.comparisons);
    const unfinished: number[] = [];
    found.hits.forEach((hits, n) => {
      const i = waiting[n] ?? 0;
      const members = bestPerMember(hits);
      // Hits as similar as the last member may follow, and ties go by member id: only a worse hit ends the search.
      const settled = (members[k - 1]?.similarity ?? -2) > (hits.at(-1)?.similarity ?? 1);
      if (settled || hits.length < depth) matches[i] = members.slice(0, k);
      else unfinished.push(i);
    });
    waiting = unfinished;
    depth *= 4;
  } while (waiting.length > 0);
  return { matches, ...(rest.memberIds === undefined && { comparisons }) };
}

function bestPerMember(hits: readonly IndexHit[]): MemberMatch[] {
  const members = new Map<string, MemberMatch>();
  for (const { id, memberId, similarity } of hits) {
    if (members.has(memberId)) continue;
    members.set(memberId, { memberId, similarity, ...(id !== undefined && { templateId: id }) });
  }
  return [...members.values()].sort((a, b) => b.similarity - a.similarity || (a.memberId < b.memberId ? -1 : 1));
}
