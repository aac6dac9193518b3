import type { IndexHit } from "@facekit/core";
import type { MemberGallery } from "./member-gallery.js";
import { nearestAmong } from "./nearest.js";
import { merge } from "./nearest-of-members.js";

/** Templates by their ids, and means by those of their members. */
export interface RowIds {
  readonly templates: Iterable<string>;
  readonly means: Iterable<string>;
}

/** What a namespace holds: for an index that finds candidates by other means and leaves the vectors and scores to this one. */
export interface Rows {
  /** All there are now. */
  readonly ids: { readonly templates: readonly string[]; readonly means: readonly string[] };
  /** How many templates and means there are. */
  readonly size: number;
  /** A view of a vector, good until the namespace changes; undefined where it is not there. */
  vector(kind: keyof RowIds, id: string): Float32Array | undefined;
  /** What was added, replaced or removed since the last call; undefined on the first of a namespace that was empty before. */
  takeChanges(): RowIds | undefined;
  /** The best `k` of the candidates of each query (by its number), scored and ordered as a search does. Others than are there are passed over. */
  best(queries: readonly Float32Array[], k: number, candidates: (query: number) => RowIds): IndexHit[][];
}

/** The rows of a gallery whose means are taken. It must not change while they are used. */
export function rowsOf(gallery: MemberGallery): Rows {
  const { templates, means } = gallery;
  return {
    ids: { templates: templates.ids, means: means.ids },
    size: templates.size + means.size,
    vector: (kind, id) => (gallery[kind].rowOf(id) === undefined ? undefined : gallery[kind].vector(id)),
    takeChanges: () => gallery.takeChanges(),
    best(queries, k, candidates) {
      const chosen = queries.map((_, i) => candidates(i));
      const hits = nearestAmong(templates, queries, k, (i) => chosen[i]?.templates ?? []);
      const ofMeans = nearestAmong(means, queries, k, (i) => chosen[i]?.means ?? []);
      return hits.map((best, i) => merge(best, ofMeans[i] ?? [], k));
    },
  };
}
