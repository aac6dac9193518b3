import {
  checkId,
  checkKeys,
  checkNumber,
  checkVector,
  type EmbeddingSpace,
  FaceKitError,
  type SnapshotReader,
  type SnapshotWriter,
  specVersion,
  type VectorIndex,
} from "@facekit/core";
import { Arena } from "./arena.js";
import { Breather } from "./breather.js";
import { type CompiledKernel, compileKernel } from "./compile-kernel.js";
import { MemberGallery } from "./member-gallery.js";
import { nearestOfMembers } from "./nearest-of-members.js";
import { type Rows, rowsOf } from "./rows.js";
import { ScanThreads } from "./scan-threads.js";
import { restoreGalleries, saveGalleries } from "./snapshot.js";
import { canShareMemory, processors } from "./spawn-thread.js";

export interface ExactIndexOptions {
  /**
   * How many threads scan large galleries, 0 to 64; 0 leaves it all to the calling thread. Default `"auto"`: as many as
   * the machine runs at once, 4 at most. In browsers there are threads only on pages that are cross-origin isolated.
   */
  readonly threads?: number | "auto";
}

/** The exact index, with what an index that is built over it wants besides. */
export interface ExactIndex extends VectorIndex {
  save(write: SnapshotWriter): Promise<boolean>;
  restore(read: SnapshotReader): Promise<number | undefined>;
  /**
   * Lets `look` see the rows of a namespace, means included, in its turn: nothing changes them until it returns. Fulfils
   * with undefined, and does not call it, where the namespace is empty.
   */
  inspect<Result>(namespace: string, look: (rows: Rows) => Result): Promise<Result | undefined>;
  /** Those that are not empty. */
  readonly namespaces: readonly string[];
  /** Grows whenever an entry is removed or replaced: what was saved before is then of no use. */
  readonly rewrites: number;
}

const mostThreads = 64;
const mostThreadsUnasked = 4;

/** What `open` makes anew. */
interface Contents {
  readonly space: EmbeddingSpace;
  readonly arena: Arena;
  readonly galleries: Map<string, MemberGallery>;
  readonly threads?: ScanThreads;
}

/**
 * An exact index in memory: every query is compared with every template of its namespace, and with the mean of each
 * member's templates, so recall is 1. The hits and their order are those of float32 vectors compared in double precision;
 * a first pass over int8 codes, in WebAssembly, only turns away rows that cannot be among them. Takes about 5 bytes a
 * dimension.
 * Large galleries are scanned by threads, which start at the first search of one and keep no process alive; the answers
 * are the same. Long additions, and searches where there are no threads, give way to the event loop about every 10 ms.
 */
export function exactIndex(options: ExactIndexOptions = {}): ExactIndex {
  const id = "index-exact";
  checkKeys("exactIndex", options, ["threads"]);
  const { threads = "auto" } = options;
  if (threads !== "auto") checkNumber("threads", threads, { min: 0, max: mostThreads, integer: true });
  const threadCount = threads === "auto" ? Math.min(processors(), mostThreadsUnasked) : threads;
  let contents: Contents | undefined;
  let closed = false;
  let lastTurn: Promise<unknown> = Promise.resolve();

  const checkOpen = (): void => {
    if (closed) throw new FaceKitError("closed", "This index was closed.", { adapter: id });
  };

  const use = (): Contents => {
    checkOpen();
    if (contents === undefined) throw new FaceKitError("invalid-argument", "Call open(space) first.", { adapter: id });
    return contents;
  };

  const drop = (): void => {
    contents?.threads?.end();
    // Whoever is saving them gives up.
    contents?.arena.rewritten();
    contents = undefined;
  };

  /** Empty contents in a memory of their own. */
  const begin = (space: EmbeddingSpace, kernel: CompiledKernel): void => {
    drop();
    const arena = new Arena(kernel, space.dimensions);
    const threads = kernel.shared && { threads: new ScanThreads(arena, threadCount) };
    contents = { space, arena, galleries: new Map(), ...threads };
  };

  /**
   * One call after the other: a search that gave way to the event loop, or that threads do, must not see rows move under
   * it. A search uses all threads there are, so waiting costs no throughput. Contents are asked for when the turn comes:
   * a call before may have begun others.
   */
  const inTurn = <T>(work: () => T | Promise<T>): Promise<T> => {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => undefined);
    return turn;
  };

  return {
    specVersion,
    id,
    capabilities: { exact: true },

    async open(space) {
      checkOpen();
      const shared = threadCount > 0 && canShareMemory();
      const kernel = await compileKernel(shared);
      checkOpen();
      begin(space, kernel);
    },

    async add(namespace, entries) {
      const { space } = use();
      checkId("namespace", namespace);
      for (const entry of entries) {
        checkId("entry.id", entry.id);
        checkId("entry.memberId", entry.memberId);
        checkVector(entry.vector, space, id);
      }
      await inTurn(async () => {
        const { arena, galleries } = use();
        const gallery = galleries.get(namespace) ?? new MemberGallery(arena);
        const breather = new Breather();
        for (const entry of entries) {
          gallery.set(entry);
          galleries.set(namespace, gallery);
          if (breather.due) await breather.breathe();
        }
      });
    },

    async remove(namespace, ids) {
      use();
      checkId("namespace", namespace);
      await inTurn(() => {
        const { galleries } = use();
        const gallery = galleries.get(namespace);
        if (gallery === undefined) return;
        for (const entryId of ids) gallery.delete(entryId);
        if (gallery.templates.size === 0) galleries.delete(namespace);
      });
    },

    async search(namespace, queries, options) {
      const { space } = use();
      options.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", options.k, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
      for (const query of queries) checkVector(query, space, id);
      return inTurn(() => {
        options.signal?.throwIfAborted();
        const { galleries, threads } = use();
        const gallery = galleries.get(namespace);
        if (gallery === undefined) return { hits: queries.map(() => []), comparisons: 0 };
        return nearestOfMembers(gallery, queries, options, threads);
      });
    },

    async count(namespace) {
      use();
      checkId("namespace", namespace);
      return inTurn(() => use().galleries.get(namespace)?.templates.size ?? 0);
    },

    async inspect(namespace, look) {
      use();
      checkId("namespace", namespace);
      return inTurn(async () => {
        const gallery = use().galleries.get(namespace);
        if (gallery === undefined) return undefined;
        await gallery.refreshMeans(new Breather());
        return look(rowsOf(gallery));
      });
    },

    get namespaces() {
      return [...(contents?.galleries.keys() ?? [])];
    },

    get rewrites() {
      return contents?.arena.rewrites ?? 0;
    },

    async save(write) {
      return saveGalleries(use(), write);
    },

    async restore(read) {
      const empty = use();
      return inTurn(async () => {
        const galleries = await restoreGalleries(empty.space, empty.arena, read).catch((error: unknown) => {
          // What was read so far is in the way.
          if (contents === empty) begin(empty.space, empty.arena.kernel);
          throw error;
        });
        if (galleries === undefined) return undefined;
        let size = 0;
        for (const [namespace, gallery] of galleries) {
          empty.galleries.set(namespace, gallery);
          size += gallery.templates.size;
        }
        return size;
      });
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      drop();
    },
  };
}
