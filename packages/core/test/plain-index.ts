import { specVersion } from "../src/spec/adapter.js";
import type { IndexEntry, VectorIndex } from "../src/spec/vector-index.js";
import { dot } from "../src/vectors.js";

/** The plainest index: enough for the store's own tests. Packages of indexes are tested by the conformance suites. */
export function plainIndex(): VectorIndex {
  const galleries = new Map<string, Map<string, IndexEntry>>();
  const entriesOf = (namespace: string): IndexEntry[] => [...(galleries.get(namespace)?.values() ?? [])];
  return {
    specVersion,
    id: "plain-index",
    capabilities: { exact: true },
    async open() {
      galleries.clear();
    },
    async add(namespace, entries) {
      const gallery = galleries.get(namespace) ?? new Map<string, IndexEntry>();
      galleries.set(namespace, gallery);
      for (const entry of entries) gallery.set(entry.id, entry);
    },
    async remove(namespace, ids) {
      for (const id of ids) galleries.get(namespace)?.delete(id);
    },
    async search(namespace, queries, { k, memberIds }) {
      return queries.map((query) =>
        entriesOf(namespace)
          .filter(({ memberId }) => memberIds?.includes(memberId) ?? true)
          .map(({ id, memberId, vector }) => ({ id, memberId, similarity: dot(vector, query) }))
          .sort((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1))
          .slice(0, k),
      );
    },
    async count(namespace) {
      return entriesOf(namespace).length;
    },
    async [Symbol.asyncDispose]() {},
  };
}
