import { checkAdapter, FaceKitError, type Progress, type VectorIndex } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";

/** How templates are searched: by a name, or by an index of the caller's. */
export type SearchIndex = "exact" | "hnsw" | "auto" | VectorIndex;

/**
 * The index that is meant. `@facekit/index-hnsw` is loaded where it is asked for by name: without it `"hnsw"` rejects with
 * `not-supported` and the command that brings it, and `"auto"` is exact.
 */
export async function searchIndexOf(
  index: SearchIndex | undefined,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<VectorIndex> {
  if (typeof index === "object") {
    checkAdapter("index", index);
    return index;
  }
  if (index === undefined || index === "exact") return exactIndex();
  if (index !== "auto" && index !== "hnsw") {
    throw new FaceKitError(
      "invalid-argument",
      `index wants "exact", "hnsw", "auto", a VectorIndex or a FaceIndex; got ${JSON.stringify(index)}.`,
    );
  }
  let library: typeof import("@facekit/index-hnsw");
  try {
    library = await import("@facekit/index-hnsw");
  } catch (cause) {
    if (index === "auto") return exactIndex();
    throw new FaceKitError(
      "not-supported",
      'index: "hnsw" wants @facekit/index-hnsw, which is not installed: npm install @facekit/index-hnsw hnswlib-node@3',
      { adapter: "index-hnsw", cause },
    );
  }
  const options = onProgress === undefined ? {} : { onProgress };
  return index === "hnsw" ? library.hnswIndex(options) : library.autoIndex(options);
}
