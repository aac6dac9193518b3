import { checkKeys, checkNumber, type SearchChoice, type VectorIndex } from "@facekit/core";
import { crossover } from "./crossover.js";
import { graphIndex } from "./graph-index.js";
import { findLibrary } from "./library.js";
import { checkedGraphOptions, type GraphOptions, graphOptionNames } from "./options.js";

export interface HnswIndexOptions extends GraphOptions {
  /**
   * Namespaces with fewer templates and means than this are searched exactly, 1 or more. Default: the size from which the
   * graph was measured to be the faster one, by the number of dimensions.
   */
  readonly exactBelow?: number;
}

/** A `VectorIndex` that tells how it searches. */
export interface HnswIndex extends VectorIndex {
  /** How a namespace is searched now, and why. */
  describe(namespace: string): SearchChoice;
  /** Fulfils when no graph is being built or measured. */
  settled(): Promise<void>;
}

/**
 * An approximate index: graphs of hnswlib-node (HNSW), one for each large namespace, over an exact index that holds all
 * vectors. A graph finds candidates; they are compared again by their float32 vectors, so that similarities are exact.
 * The exact index answers alone in small namespaces, while a graph is built, for searches among some members, and for
 * more than a hundred hits.
 *
 * Throws `not-supported` where hnswlib-node is missing or not compiled, with the command that brings it, and in threads
 * other than the main one.
 */
export function hnswIndex(options: HnswIndexOptions = {}): HnswIndex {
  checkKeys("hnswIndex", options, [...graphOptionNames, "exactBelow"]);
  const { exactBelow, hnswlib } = options;
  if (exactBelow !== undefined) {
    checkNumber("exactBelow", exactBelow, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
  }
  const graph = checkedGraphOptions(options);
  return graphIndex({
    ...options,
    ...graph,
    id: "index-hnsw",
    library: findLibrary(hnswlib),
    exactBelow: (dimensions) => exactBelow ?? crossover(dimensions),
    onlyIfFaster: false,
  });
}
