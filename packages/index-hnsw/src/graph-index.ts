import {
  checkId,
  checkNumber,
  checkVector,
  type EmbeddingSpace,
  FaceKitError,
  limiter,
  type Progress,
  type SearchChoice,
  specVersion,
} from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import type { HnswIndex } from "./hnsw-index.js";
import type { Library } from "./library.js";
import { type Kept, NamespaceSearch } from "./namespace-search.js";
import { restoreGraphs, saveGraphs } from "./snapshot.js";

export interface GraphIndexSetup {
  readonly id: string;
  /** Or why there is none: then the exact index answers. */
  readonly library: Library | string;
  readonly threads?: number | "auto";
  readonly m: number;
  readonly efConstruction: number;
  readonly recall: number;
  readonly exactBelow: (dimensions: number) => number;
  readonly onlyIfFaster: boolean;
  readonly onProgress?: (progress: Progress) => void;
  readonly onChoice?: (choice: SearchChoice) => void;
}

/** The exact index with graphs over its large namespaces. */
export function graphIndex(setup: GraphIndexSetup): HnswIndex {
  const { id, library, m, efConstruction, recall, onlyIfFaster } = setup;
  const onProgress = quiet(setup.onProgress);
  const onChoice = quiet(setup.onChoice);
  const exact = exactIndex(setup.threads === undefined ? {} : { threads: setup.threads });
  const inTurn = limiter(1);
  let space: EmbeddingSpace | undefined;
  let searches = new Map<string, NamespaceSearch>();
  let closed = false;

  const opened = (): EmbeddingSpace => {
    if (closed) throw new FaceKitError("closed", "This index was closed.", { adapter: id });
    if (space === undefined) throw new FaceKitError("invalid-argument", "Call open(space) first.", { adapter: id });
    return space;
  };

  /** Undefined where there are no graphs at all. */
  const searchOf = (namespace: string): NamespaceSearch | undefined => {
    const { dimensions } = opened();
    if (typeof library === "string") return undefined;
    let search = searches.get(namespace);
    if (search === undefined) {
      search = new NamespaceSearch({
        exact,
        namespace,
        graph: { library: library.path, dimensions, m, efConstruction },
        exactBelow: setup.exactBelow(dimensions),
        recall,
        onlyIfFaster,
        inTurn,
        onEmpty: (empty) => {
          if (searches.get(namespace) === empty) searches.delete(namespace);
          void empty.end();
        },
        onProgress,
        onChoice,
      });
      searches.set(namespace, search);
    }
    return search;
  };

  const drop = async (): Promise<void> => {
    const dropped = [...searches.values()];
    searches = new Map();
    await Promise.all(dropped.map((search) => search.end()));
  };

  return {
    specVersion,
    id,
    capabilities: { exact: typeof library === "string" },

    async open(wanted) {
      if (closed) opened();
      await drop();
      await exact.open(wanted);
      space = wanted;
      if (typeof library === "string") onChoice?.({ engine: "exact", reason: library, rows: 0 });
    },

    async add(namespace, entries) {
      await exact.add(namespace, entries);
      if (!closed) searchOf(namespace)?.consider();
    },

    async remove(namespace, ids) {
      await exact.remove(namespace, ids);
      if (!closed) searches.get(namespace)?.consider();
    },

    async search(namespace, queries, options) {
      const { k, signal } = options;
      const opening = opened();
      signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", k, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
      for (const query of queries) checkVector(query, opening, id);
      const found = await searches.get(namespace)?.search(queries, options);
      return found ?? exact.search(namespace, queries, options);
    },

    count: (namespace) => exact.count(namespace),

    async save(write) {
      const opening = opened();
      const before = exact.rewrites;
      // First of all: what they tell of is then in what the exact index writes.
      const kept = await keptOf(searches);
      const isSame = (): boolean => space === opening && exact.rewrites === before;
      let graphs: Kept[] = [];
      try {
        if (!isSame() || !(await exact.save(write))) return false;
        const current: Kept[] = [];
        for (const graph of kept) if (await graph.isCurrent()) current.push(graph);
        await saveGraphs({ graphs: current, space: opening, m, version: versionOf(library) }, write);
        if (isSame()) graphs = current;
        return isSame();
      } finally {
        for (const graph of kept) {
          const search = searches.get(graph.namespace);
          if (search !== undefined && !graphs.includes(graph)) search.isUnsaved = true;
        }
      }
    },

    get hasUnsavedWork() {
      return [...searches.values()].some(({ isUnsaved }) => isUnsaved);
    },

    async restore(read) {
      const opening = opened();
      const size = await exact.restore(read);
      if (size === undefined) return undefined;
      const kept = await restoreGraphs({ space: opening, m, version: versionOf(library) }, read).catch(
        async (error: unknown) => {
          // Whole or not at all.
          if (!closed && space === opening) await exact.open(opening);
          throw error;
        },
      );
      if (closed || space !== opening) return size;
      for (const graph of kept) await searchOf(graph.namespace)?.restore(graph);
      if (closed || space !== opening) return size;
      for (const namespace of exact.namespaces) searchOf(namespace)?.consider();
      return size;
    },

    describe(namespace) {
      checkId("namespace", namespace);
      if (typeof library === "string") return { namespace, engine: "exact", reason: library, rows: 0 };
      return searches.get(namespace)?.choice ?? { namespace, engine: "exact", reason: "it holds nothing", rows: 0 };
    },

    async settled() {
      await Promise.all([...searches.values()].map((search) => search.settled()));
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      await drop();
      await exact[Symbol.asyncDispose]();
    },
  };
}

/** A callback of the user's that fails, fails nothing else. */
function quiet<Told>(callback: ((told: Told) => void) | undefined): ((told: Told) => void) | undefined {
  return (
    callback &&
    ((told) => {
      try {
        callback(told);
      } catch {}
    })
  );
}

function versionOf(library: Library | string): string {
  return typeof library === "string" ? "none" : library.version;
}

async function keptOf(searches: ReadonlyMap<string, NamespaceSearch>): Promise<Kept[]> {
  const all: Kept[] = [];
  for (const search of searches.values()) {
    const kept = await search.kept();
    if (kept !== undefined) all.push(kept);
  }
  return all;
}
