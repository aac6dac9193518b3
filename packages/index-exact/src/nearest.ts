import type { IndexHit, IndexSearchOptions } from "@facekit/core";
import { queriesAtOnce } from "./bank.js";
import { BestRows } from "./best-rows.js";
import { Breather } from "./breather.js";
import { firstPass, type Stretch } from "./first-pass.js";
import type { Gallery } from "./gallery.js";
import { firstRow } from "./gallery-layout.js";
import type { ScanThreads } from "./scan-threads.js";
import { Shortlist } from "./shortlist.js";

/**
 * The nearest vectors to each query, as a full comparison finds them, by the threads where there are some and it is
 * worth their while. The gallery must not change meanwhile.
 */
export async function nearest(
  gallery: Gallery,
  queries: readonly Float32Array[],
  { k, memberIds, signal }: IndexSearchOptions,
  threads?: ScanThreads,
): Promise<IndexHit[][]> {
  const wanted = memberIds && new Set(memberIds);
  const breather = new Breather(signal);
  const hits: IndexHit[][] = [];
  for (let from = 0; from < queries.length; from += queriesAtOnce) {
    const batch = queries.slice(from, from + queriesAtOnce);
    const best = batch.map(() => new BestRows(k, (row) => gallery.ids[row] ?? ""));
    const scanned = wanted === undefined && (await threads?.scan(gallery, batch, k, best));
    signal?.throwIfAborted();
    if (!scanned) await scanHere(gallery, batch, k, wanted, best, breather);
    for (const rows of best) hits.push(hitsOf(gallery, rows));
  }
  return hits;
}

/** First the integer scan of all rows, then the similarities of the rows that it left. */
async function scanHere(
  gallery: Gallery,
  queries: readonly Float32Array[],
  k: number,
  wanted: ReadonlySet<string> | undefined,
  best: readonly BestRows[],
  breather: Breather,
): Promise<void> {
  for (const bank of new Set(gallery.segments.map((segment) => segment.bank))) bank.load(queries, gallery.centre);
  const lists = queries.map(() => new Shortlist(k));
  for (const _ of firstPass(stretchesOf(gallery, wanted), lists)) if (breather.due) await breather.breathe();
  for (const [query, list] of lists.entries()) {
    for (const row of list.rows()) {
      const { segment, place } = gallery.at(row);
      best[query]?.offer(row, segment.similarity(place, query));
      if (breather.due) await breather.breathe();
    }
  }
}

function* stretchesOf(gallery: Gallery, wanted: ReadonlySet<string> | undefined): Generator<Stretch> {
  for (const [number, segment] of gallery.segments.entries()) {
    const first = firstRow(number);
    const rows = Math.min(segment.capacity, gallery.size - first);
    const mask = wanted && wantedPlaces(gallery, first, segment.capacity, wanted);
    yield { segment, firstRow: first, rows, ...(mask && { mask }) };
  }
}

function wantedPlaces(gallery: Gallery, start: number, count: number, wanted: ReadonlySet<string>): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (wanted.has(gallery.memberIds[start + i] ?? "") ? 1 : 0));
}

/** The best `k` of some rows of each query, of those that are there. The gallery must not change meanwhile. */
export function nearestAmong(
  gallery: Gallery,
  queries: readonly Float32Array[],
  k: number,
  among: (query: number) => Iterable<string>,
): IndexHit[][] {
  const banks = new Set(gallery.segments.map((segment) => segment.bank));
  return queries.map((query, i) => {
    for (const bank of banks) bank.load([query], gallery.centre);
    const best = new BestRows(k, (row) => gallery.ids[row] ?? "");
    for (const id of among(i)) {
      const row = gallery.rowOf(id);
      if (row === undefined) continue;
      const { segment, place } = gallery.at(row);
      best.offer(row, segment.similarity(place, 0));
    }
    return hitsOf(gallery, best);
  });
}

function hitsOf(gallery: Gallery, best: BestRows): IndexHit[] {
  return best.sorted().map(({ row, similarity }) => ({
    id: gallery.ids[row] ?? "",
    memberId: gallery.memberIds[row] ?? "",
    similarity,
  }));
}
