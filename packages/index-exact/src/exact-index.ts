import {
  checkId,
  checkNumber,
  checkVector,
  type EmbeddingSpace,
  FaceKitError,
  specVersion,
  type VectorIndex,
} from "@facekit/core";
import { Gallery } from "./gallery.js";
import { nearest } from "./nearest.js";

/**
 * An exact index in memory: every query is compared with every template of its namespace, so recall is 1.
 * Long searches give way to the event loop about every 10 ms.
 */
export function exactIndex(): VectorIndex {
  const id = "index-exact";
  let space: EmbeddingSpace | undefined;
  let closed = false;
  let galleries = new Map<string, Gallery>();
  let lastTurn: Promise<unknown> = Promise.resolve();

  const use = (): EmbeddingSpace => {
    if (closed) throw new FaceKitError("closed", "This index was closed.", { adapter: id });
    if (space === undefined) throw new FaceKitError("invalid-argument", "Call open(space) first.", { adapter: id });
    return space;
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

    async open(wanted) {
      if (closed) throw new FaceKitError("closed", "This index was closed.", { adapter: id });
      space = wanted;
      galleries = new Map();
    },

    async add(namespace, entries) {
      const current = use();
      checkId("namespace", namespace);
      for (const entry of entries) {
        checkId("entry.id", entry.id);
        checkId("entry.memberId", entry.memberId);
        checkVector(entry.vector, current, id);
      }
      const target = galleries;
      await inTurn(() => {
        const gallery = target.get(namespace) ?? new Gallery(current.dimensions);
        for (const entry of entries) gallery.set(entry);
        if (gallery.size > 0) target.set(namespace, gallery);
      });
    },

    async remove(namespace, ids) {
      use();
      checkId("namespace", namespace);
      const target = galleries;
      await inTurn(() => {
        const gallery = target.get(namespace);
        if (gallery === undefined) return;
        for (const entryId of ids) gallery.delete(entryId);
        // Its memory goes with the last template.
        if (gallery.size === 0) target.delete(namespace);
      });
    },

    async search(namespace, queries, options) {
      const current = use();
      options.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", options.k, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
      for (const query of queries) checkVector(query, current, id);
      const target = galleries;
      return inTurn(() => {
        options.signal?.throwIfAborted();
        const gallery = target.get(namespace);
        return gallery === undefined ? queries.map(() => []) : nearest(gallery, queries, options);
      });
    },

    async count(namespace) {
      use();
      checkId("namespace", namespace);
      const target = galleries;
      return inTurn(() => target.get(namespace)?.size ?? 0);
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      galleries = new Map();
    },
  };
}
