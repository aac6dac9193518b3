import type { IndexHit, IndexSearchOptions, IndexSearchResult } from "@facekit/core";
import { Breather } from "./breather.js";
import type { MemberGallery } from "./member-gallery.js";
import { nearest } from "./nearest.js";
import type { ScanThreads } from "./scan-threads.js";

/** The nearest templates and means of each query. The gallery must not change meanwhile. */
export async function nearestOfMembers(
  gallery: MemberGallery,
  queries: readonly Float32Array[],
  options: IndexSearchOptions,
  threads?: ScanThreads,
): Promise<IndexSearchResult> {
  await gallery.refreshMeans(new Breather(options.signal));
  const { templates, means } = gallery;
  const comparisons = templates.size + means.size;
  const hits: IndexHit[][] = await nearest(templates, queries, options, threads);
  if (means.size === 0) return { hits, comparisons };
  const meanHits = await nearest(means, queries, options, threads);
  return { hits: hits.map((best, i) => merge(best, meanHits[i] ?? [], options.k)), comparisons };
}

/** The best `k` of both, each best first. Of equals the template comes first. */
export function merge(templates: readonly IndexHit[], means: readonly IndexHit[], k: number): IndexHit[] {
  const merged: IndexHit[] = [];
  let mean = 0;
  let template = 0;
  while (merged.length < k) {
    const [nextTemplate, nextMean] = [templates[template], means[mean]];
    if (nextTemplate !== undefined && !(nextMean !== undefined && nextMean.similarity > nextTemplate.similarity)) {
      merged.push(nextTemplate);
      template++;
    } else if (nextMean !== undefined) {
      merged.push({ memberId: nextMean.memberId, similarity: nextMean.similarity });
      mean++;
    } else break;
  }
  return merged;
}
