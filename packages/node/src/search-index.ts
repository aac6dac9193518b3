import {
  checkAdapter,
  checkFunction,
  FaceKitError,
  type Progress,
  type SearchChoice,
  type VectorIndex,
} from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";

/** How templates are searched: by a name, or by an index of the caller's. */
export type SearchIndex = "exact" | "hnsw" | "auto" | VectorIndex;

export interface SearchIndexOptions {
  /**
   * `"exact"` (the default) compares with all; `"hnsw"` searches large galleries approximately, by `@facekit/index-hnsw`;
   * `"auto"` takes whichever is the faster one, and is exact where that package or hnswlib-node is missing; or a
   * `VectorIndex` of your own.
   */
  readonly index?: SearchIndex;
  /** The building of what `"hnsw"` and `"auto"` search with. */
  readonly onProgress?: (progress: Progress) => void;
  /** With `"hnsw"` and `"auto"`: told whenever a namespace is searched in another way than before, and why. */
  readonly onChoice?: (choice: SearchChoice) => void;
}

/**
 * The index that is meant. `@facekit/index-hnsw` is loaded where it is asked for by name: without it `"hnsw"` rejects with
 * `not-supported` and the command that brings it, and `"auto"` is exact, which `onChoice` is told.
 */
export async function searchIndexOf(
  options: {
    readonly [Name in keyof SearchIndexOptions]: SearchIndexOptions[Name] | undefined;
  },
): Promise<VectorIndex> {
  const { index = "exact", onProgress, onChoice } = options;
  if (onProgress !== undefined) checkFunction("onProgress", onProgress);
  if (onChoice !== undefined) checkFunction("onChoice", onChoice);
  if (typeof index === "object" && index !== null) {
    checkAdapter("index", index);
    return index;
  }
  if (index === "exact") return exactIndex();
  if (index !== "auto" && index !== "hnsw") {
    throw new FaceKitError(
      "invalid-argument",
      `index wants "exact", "hnsw", "auto", a VectorIndex or a FaceIndex; got ${JSON.stringify(index)}.`,
    );
  }
  const missing = whyMissing();
  if (missing !== undefined) {
    if (index === "hnsw") throw missing;
    onChoice?.({ engine: "exact", reason: missing.message, rows: 0 });
    return exactIndex();
  }
  const { autoIndex, hnswIndex } = await import("@facekit/index-hnsw");
  const told = { ...(onProgress && { onProgress }), ...(onChoice && { onChoice }) };
  return index === "hnsw" ? hnswIndex(told) : autoIndex(told);
}

/** One that is there and cannot be loaded is not missing, and is told when it is loaded. */
function whyMissing(): FaceKitError | undefined {
  try {
    import.meta.resolve("@facekit/index-hnsw");
    return undefined;
  } catch (cause) {
    const why = "The HNSW index wants @facekit/index-hnsw, which is not installed";
    return new FaceKitError("not-supported", `${why}: npm install @facekit/index-hnsw hnswlib-node@3`, {
      adapter: "index-hnsw",
      cause,
    });
  }
}
