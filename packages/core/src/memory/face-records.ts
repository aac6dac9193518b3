import { checkId } from "../checks.js";
import { specVersion } from "../spec/adapter.js";
import type { EmbeddingSpace } from "../spec/embedder.js";
import type { EnrolledMember, FaceRecord, FaceRecordChange, FaceRecords } from "../spec/face-records.js";
import { checkFaceRecord } from "../stores/check-entries.js";
import { checkSpace, closedError, conflictError, notOpenError } from "../stores/errors.js";

interface Stored {
  readonly revision: number;
  readonly record: FaceRecord;
}

interface NamespaceState {
  readonly records: Map<string, Stored>;
  /** Deleted ids with the revision of their deletion: what an index that is behind must still learn. */
  readonly deleted: Map<string, number>;
  lastRevision: number;
}

/** Records that live as long as the process: for tests, previews and short events. */
export function memoryFaceRecords(): FaceRecords {
  const id = "memory-face-records";
  const namespaces = new Map<string, NamespaceState>();
  let space: EmbeddingSpace | undefined;
  let revision = 0;
  let closed = false;

  const use = (): EmbeddingSpace => {
    if (closed) throw closedError(id, "memory");
    if (space === undefined) throw notOpenError(id);
    return space;
  };
  const stateOf = (namespace: string): NamespaceState => {
    let state = namespaces.get(namespace);
    if (state === undefined) {
      state = { records: new Map(), deleted: new Map(), lastRevision: 0 };
      namespaces.set(namespace, state);
    }
    return state;
  };
  const erase = (state: NamespaceState, ids: readonly string[]): { deleted: number; revision: number } => {
    const there = [...new Set(ids)].filter((recordId) => state.records.has(recordId));
    if (there.length > 0) {
      revision++;
      state.lastRevision = revision;
      for (const recordId of there) {
        state.records.delete(recordId);
        state.deleted.set(recordId, revision);
      }
    }
    return { deleted: there.length, revision };
  };

  return {
    specVersion,
    id,
    capabilities: { persistent: false },

    async open(wanted, options) {
      options?.signal?.throwIfAborted();
      if (closed) throw closedError(id, "memory");
      if (space !== undefined) checkSpace(id, "memory", space, wanted);
      space = wanted;
    },

    async put(namespace, batch, options = {}) {
      const current = use();
      options.signal?.throwIfAborted();
      checkId("namespace", namespace);
      for (const record of batch) checkFaceRecord(record, current, id);
      const state = stateOf(namespace);
      if (options.ifRevision !== undefined && state.lastRevision > options.ifRevision) {
        throw conflictError(id, namespace, options.ifRevision, state.lastRevision);
      }
      if (batch.length > 0) {
        revision++;
        state.lastRevision = revision;
        for (const record of batch) {
          state.deleted.delete(record.id);
          // Later entries come last in the map, so that changes are told in order.
          state.records.delete(record.id);
          state.records.set(record.id, { revision, record: copyOf(record) });
        }
      }
      return { revision };
    },

    async delete(namespace, selection, options) {
      use();
      options?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      const state = stateOf(namespace);
      if ("ids" in selection) return erase(state, selection.ids);
      const ids = [...state.records.values()].filter(({ record }) => record.memberId === selection.memberId);
      return erase(
        state,
        ids.map(({ record }) => record.id),
      );
    },

    async deleteNamespace(namespace, options) {
      use();
      options?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      const state = stateOf(namespace);
      return erase(state, [...state.records.keys()]);
    },

    async *scan(namespace, options) {
      use();
      for (const [name, state] of [...namespaces]) {
        if (namespace !== undefined && name !== namespace) continue;
        for (const { record } of [...state.records.values()]) {
          options?.signal?.throwIfAborted();
          yield { ...copyOf(record), namespace: name };
        }
      }
    },

    async revision(options) {
      use();
      options?.signal?.throwIfAborted();
      return revision;
    },

    async *changes(since, options) {
      use();
      const changes: FaceRecordChange[] = [];
      for (const [namespace, state] of namespaces) {
        for (const stored of state.records.values()) {
          if (stored.revision > since) {
            changes.push({ kind: "put", revision: stored.revision, record: { ...copyOf(stored.record), namespace } });
          }
        }
        for (const [recordId, at] of state.deleted) {
          if (at > since) changes.push({ kind: "delete", revision: at, namespace, id: recordId });
        }
      }
      changes.sort((a, b) => a.revision - b.revision);
      for (const change of changes) {
        options?.signal?.throwIfAborted();
        yield change;
      }
    },

    async *members(namespace, options) {
      use();
      checkId("namespace", namespace);
      const members = new Map<string, EnrolledMember>();
      for (const { record } of namespaces.get(namespace)?.records.values() ?? []) {
        const { memberId, createdAt } = record;
        const known = members.get(memberId);
        members.set(memberId, {
          memberId,
          templates: (known?.templates ?? 0) + 1,
          templateIds: [...(known?.templateIds ?? []), record.id].sort(),
          enrolledAt: known !== undefined && known.enrolledAt <= createdAt ? known.enrolledAt : createdAt,
          lastEnrolledAt: known !== undefined && known.lastEnrolledAt >= createdAt ? known.lastEnrolledAt : createdAt,
        });
      }
      for (const member of [...members.values()].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))) {
        options?.signal?.throwIfAborted();
        yield member;
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      namespaces.clear();
    },
  };
}

/** Callers may write into what they gave or got; what is stored stays as it was. */
function copyOf(record: FaceRecord): FaceRecord {
  return { ...record, vector: record.vector.slice() };
}
