import { checkKeys, isFaceKitError } from "@facekit/core";
import { crossover } from "./crossover.js";
import { graphIndex } from "./graph-index.js";
import type { HnswIndex } from "./hnsw-index.js";
import { findLibrary, type Library } from "./library.js";
import { checkedGraphOptions, type GraphOptions, graphOptionNames } from "./options.js";

/** The same as `hnswIndex` takes, but for the size: that is chosen here. */
export type AutoIndexOptions = GraphOptions;

/**
 * The exact index or HNSW, whichever is the faster one: exact below the size from which a graph may be faster, by the
 * number of dimensions; above it a graph is built and timed beside the exact index, and used where it is faster at the
 * wanted recall. Where hnswlib-node is missing, and outside of the main thread, it is the exact index. `describe` and
 * `onChoice` tell which, and why.
 */
export function autoIndex(options: AutoIndexOptions = {}): HnswIndex {
  checkKeys("autoIndex", options, graphOptionNames);
  const graph = checkedGraphOptions(options);
  let library: Library | string;
  try {
    library = findLibrary(options.hnswlib);
  } catch (error) {
    if (!isFaceKitError(error, "not-supported")) throw error;
    library = error.message;
  }
  return graphIndex({ ...options, ...graph, id: "index-auto", library, exactBelow: crossover, onlyIfFaster: true });
}
