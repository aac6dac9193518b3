import { type IndexHit, normalize } from "@facekit/core";
import type { Rows } from "@facekit/index-exact";

/** Recall is measured on the ten nearest, as benchmarks of such indexes do (ann-benchmarks). */
export const hitsMeasured = 10;

/** Queries of a sample: half are stored vectors, half are such as other photos of the same people would give. */
const sampleSize = 200;

/** Queries that one pass of the exact index takes: others wait no longer. */
const queriesAtOnce = 8;

/** A search asks for some more than it gives. */
const leastCandidates = 48;
const mostCandidates = 4096;

type Search = (queries: readonly Float32Array[], k: number) => Promise<readonly (readonly IndexHit[])[]>;

export interface Tuning {
  /** The least number of candidates that reached the recall, or the one that came nearest to it. */
  readonly ef: number;
  readonly recall: number;
}

/** Queries to measure with: stored vectors, spread evenly over the rows, and others near them. */
export function sampleOf(rows: Rows): Float32Array[] {
  const { templates, means } = rows.ids;
  const count = templates.length + means.length;
  const at = (row: number): Float32Array => {
    const vector =
      row < templates.length
        ? rows.vector("templates", templates[row] ?? "")
        : rows.vector("means", means[row - templates.length] ?? "");
    return vector ?? new Float32Array();
  };
  const random = seeded(count);
  const any = (): Float32Array => at(Math.floor(random() * count));
  const wanted = Math.min(sampleSize / 2, count);
  return Array.from({ length: wanted }, (_, i) => {
    const stored = at(Math.floor((i * count) / wanted)).slice();
    return [stored, near(stored, any)];
  }).flat();
}

/**
 * Half as far from a stored vector as stored ones are from each other, in a direction that these vary in: the sum of some
 * differences. So it suits spaces of few true dimensions, and those where all templates lie close together. Where
 * templates point everywhere, the cosine of the two is 0.8.
 */
function near(stored: Float32Array, any: () => Float32Array): Float32Array {
  const offset = new Float64Array(stored.length);
  let apart = 0;
  const pairs = 4;
  for (let pair = 0; pair < pairs; pair++) {
    const [a, b] = [any(), any()];
    let squared = 0;
    for (let i = 0; i < offset.length; i++) {
      const difference = (a[i] ?? 0) - (b[i] ?? 0);
      offset[i] = (offset[i] ?? 0) + difference;
      squared += difference ** 2;
    }
    apart += Math.sqrt(squared) / pairs;
  }
  const length = Math.hypot(...offset);
  if (length === 0) return stored;
  const moved = stored.map((value, i) => value + ((offset[i] ?? 0) / length) * apart * 0.5);
  return moved.some((value) => value !== 0) ? normalize(moved) : stored;
}

/** Finds the least `ef` at which searches of the graph reach the recall against the exact index, over the sample. */
export async function chooseEf(
  queries: readonly Float32Array[],
  wanted: number,
  size: number,
  exact: Search,
  approximate: (ef: number) => Search,
): Promise<Tuning> {
  const truth = await inBatches(queries, exact);
  const limit = Math.max(leastCandidates, Math.min(mostCandidates, size));
  let best: Tuning = { ef: limit, recall: 0 };
  for (let ef = leastCandidates; ; ef = Math.ceil(ef * 1.4)) {
    const tried = Math.min(ef, limit);
    const recall = recallOf(await inBatches(queries, approximate(tried)), truth);
    if (recall > best.recall) best = { ef: tried, recall };
    if (recall >= wanted || ef >= limit) return best;
  }
}

async function inBatches(queries: readonly Float32Array[], search: Search): Promise<(readonly IndexHit[])[]> {
  const all: (readonly IndexHit[])[] = [];
  for (let from = 0; from < queries.length; from += queriesAtOnce) {
    all.push(...(await search(queries.slice(from, from + queriesAtOnce), hitsMeasured)));
  }
  return all;
}

/**
 * The share of the nearest that were found, 0..1. A hit as similar as the last of the true ones is one of them: equals are
 * equally right, and so is what was added meanwhile.
 */
function recallOf(found: readonly (readonly IndexHit[])[], truth: readonly (readonly IndexHit[])[]): number {
  let right = 0;
  let all = 0;
  for (const [i, hits] of truth.entries()) {
    const least = hits.at(-1)?.similarity ?? 1;
    all += hits.length;
    right += Math.min(hits.length, found[i]?.filter(({ similarity }) => similarity >= least).length ?? 0);
  }
  return all === 0 ? 1 : right / all;
}

/** mulberry32, 0 to less than 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
