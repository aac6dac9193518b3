import {
  checkId,
  checkNumber,
  checkVector,
  type EmbeddingSpace,
  FaceKitError,
  specVersion,
  type VectorIndex,
} from "@facekit/core";
import { Arena } from "./arena.js";
import { Breather } from "./breather.js";
import { Gallery } from "./gallery.js";
import { compileKernel } from "./kernel.js";
import { nearest } from "./nearest.js";
import { restoreGalleries, saveGalleries } from "./snapshot.js";

/** What `open` makes anew. */
interface Contents {
  readonly space: EmbeddingSpace;
  readonly arena: Arena;
  readonly galleries: Map<string, Gallery>;
}

/**
 * An exact index in memory: every query is compared with every template of its namespace, so recall is 1. The hits and
 * their order are those of float32 vectors compared in double precision; a first pass over int8 codes, in WebAssembly,
 * only turns away rows that cannot be among them. Takes about 5 bytes a dimension.
 * Long searches and additions give way to the event loop about every 10 ms.
 */
export function exactIndex(): VectorIndex {
  const id = "index-exact";
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

  /**
   * One call after the other: a search that gave way to the event loop must not see rows move under it. It all runs in
   * one thread, so waiting costs no throughput.
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
      const module = await compileKernel();
      checkOpen();
      contents = { space, arena: new Arena(module, space.dimensions), galleries: new Map() };
    },

    async add(namespace, entries) {
      const { space, arena, galleries } = use();
      checkId("namespace", namespace);
      for (const entry of entries) {
        checkId("entry.id", entry.id);
        checkId("entry.memberId", entry.memberId);
        checkVector(entry.vector, space, id);
      }
      await inTurn(async () => {
        const gallery = galleries.get(namespace) ?? new Gallery(arena);
        const breather = new Breather();
        for (const entry of entries) {
          gallery.set(entry);
          galleries.set(namespace, gallery);
          if (breather.due) await breather.breathe();
        }
      });
    },

    async remove(namespace, ids) {
      const { galleries } = use();
      checkId("namespace", namespace);
      await inTurn(() => {
        const gallery = galleries.get(namespace);
        if (gallery === undefined) return;
        for (const entryId of ids) gallery.delete(entryId);
        if (gallery.size === 0) galleries.delete(namespace);
      });
    },

    async search(namespace, queries, options) {
      const { space, galleries } = use();
      options.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", options.k, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
      for (const query of queries) checkVector(query, space, id);
      return inTurn(() => {
        options.signal?.throwIfAborted();
        const gallery = galleries.get(namespace);
        return gallery === undefined ? queries.map(() => []) : nearest(gallery, queries, options);
      });
    },

    async count(namespace) {
      const { galleries } = use();
      checkId("namespace", namespace);
      return inTurn(() => galleries.get(namespace)?.size ?? 0);
    },

    async save(write) {
      const saved = use();
      return saveGalleries(saved, async (make) => {
        let saving = false;
        await inTurn(async () => {
          const bytes = contents === saved ? make() : undefined;
          saving = bytes !== undefined;
          if (bytes !== undefined) await write(bytes);
        });
        return saving;
      });
    },

    async restore(read) {
      const { space, arena } = use();
      return inTurn(async () => {
        const galleries = await restoreGalleries(space, arena, read);
        checkOpen();
        if (galleries === undefined) return undefined;
        contents = { space, arena, galleries };
        return [...galleries.values()].reduce((sum, { size }) => sum + size, 0);
      });
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      contents = undefined;
    },
  };
}
