import type { EmbeddingSpace, FaceRecord } from "@facekit/core";
import { makeRows } from "../search/gallery.js";

export const namespace = "benchmark";

/** The member of the first template. */
export const firstMemberId = "m0";

export function spaceOf(dimensions: number): EmbeddingSpace {
  return { id: `benchmark-${dimensions}`, dimensions, metric: "cosine" };
}

/**
 * Templates of members who have one each, the same on every run, about 50 around each of many centres: no graph reaches its
 * recall among directions without any order. Made before the first is asked for.
 */
export function templates(count: number, dimensions: number): IterableIterator<FaceRecord> {
  const rows = makeRows({ count, dimensions, data: "clustered" });
  const createdAt = new Date(0);
  return (function* () {
    for (let i = 0; i < count; i++) {
      const vector = rows.subarray(i * dimensions, (i + 1) * dimensions);
      yield { id: `t${i}`, memberId: `m${i}`, vector, createdAt };
    }
  })();
}
