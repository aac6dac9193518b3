import { specVersion } from "../src/spec/adapter.js";
import type { IndexEntry, IndexHit, VectorIndex } from "../src/spec/vector-index.js";
import { dot, meanTemplate } from "../src/vectors.js";

/** The plainest index: enough for the tests of core. Packages of indexes are tested by the conformance suites. */
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
      const entries = entriesOf(namespace);
      const compared = [...entries, ...meansOf(entries)];
      const wanted = compared.filter(({ memberId }) => memberIds?.includes(memberId) ?? true);
      const hits = queries.map((query) =>
        wanted
          .map(({ vector, ...hit }): IndexHit => ({ ...hit, similarity: dot(vector, query) }))
          .sort((a, b) => b.similarity - a.similarity || compareHits(a, b))
          .slice(0, k),
      );
      return { hits, comparisons: compared.length };
    },
    async count(namespace) {
      return entriesOf(namespace).length;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function meansOf(entries: readonly IndexEntry[]): Omit<IndexEntry, "id">[] {
  const sorted = [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [...new Set(sorted.map(({ memberId }) => memberId))].flatMap((memberId) => {
    const own = sorted.filter((entry) => entry.memberId === memberId);
    const vector = own.length < 2 ? undefined : meanTemplate(own.map((entry) => entry.vector));
    return vector === undefined ? [] : [{ memberId, vector }];
  });
}

/** Templates by id, then means by member. */
function compareHits(a: IndexHit, b: IndexHit): number {
  if (a.id !== undefined && b.id !== undefined) return a.id < b.id ? -1 : 1;
  if (a.id === undefined && b.id === undefined) return a.memberId < b.memberId ? -1 : 1;
  return a.id === undefined ? 1 : -1;
}
