import type { IndexHit, IndexSearchOptions } from "@facekit/core";
import { type Bank, queriesAtOnce } from "./bank.js";
import { BestRows } from "./best-rows.js";
import { Breather } from "./breather.js";
import { firstRow, type Gallery } from "./gallery.js";
import { candidateBytes } from "./query-layout.js";
import { rowsPerBlock, type Segment } from "./segment.js";
import { Shortlist } from "./shortlist.js";

/** Rows that stay in the processor's cache while all queries pass over them. */
const rowsPerTile = 1024;

/** The nearest templates of each query, as a full comparison finds them. The gallery must not change meanwhile. */
export async function nearest(
  gallery: Gallery,
  queries: readonly Float32Array[],
  { k, memberIds, signal }: IndexSearchOptions,
): Promise<IndexHit[][]> {
  const wanted = memberIds && new Set(memberIds);
  const breather = new Breather(signal);
  const hits: IndexHit[][] = [];
  for (let from = 0; from < queries.length; from += queriesAtOnce) {
    const batch = queries.slice(from, from + queriesAtOnce);
    const shortlists = await shortlist(gallery, batch, k, wanted, breather);
    for (const [query, list] of shortlists.entries()) hits.push(await rank(gallery, query, list, k, breather));
  }
  return hits;
}

/** First pass: the integer scan of all rows, which leaves few of them. */
async function shortlist(
  gallery: Gallery,
  queries: readonly Float32Array[],
  k: number,
  wanted: ReadonlySet<string> | undefined,
  breather: Breather,
): Promise<Shortlist[]> {
  const lists = queries.map(() => new Shortlist(k));
  for (const bank of new Set(gallery.segments.map((segment) => segment.bank))) bank.load(queries, gallery.centre);
  for (const [number, segment] of gallery.segments.entries()) {
    const start = firstRow(number);
    const used = roundUp(Math.min(segment.capacity, gallery.size - start), rowsPerBlock);
    const mask = wanted && wantedPlaces(gallery, start, segment.capacity, wanted);
    const tile = queries.length === 1 ? used : rowsPerTile;
    for (let place = 0; place < used; place += tile) {
      const count = Math.min(tile, used - place);
      for (let query = 0; query < queries.length; ) {
        const width = queries.length - query < 4 ? 1 : 4;
        scan(segment, place, count, start, query, lists.slice(query, query + width), mask);
        query += width;
        if (breather.due) await breather.breathe();
      }
    }
  }
  return lists;
}

/** Scans rows for one query or four, from `query` on, and offers what is found to their lists. */
function scan(
  segment: Segment,
  place: number,
  count: number,
  start: number,
  query: number,
  lists: readonly Shortlist[],
  mask: Uint8Array | undefined,
): void {
  const { bank } = segment;
  for (const [i, list] of lists.entries()) bank.setThreshold(query + i, list.threshold);
  segment.scan(place, count, query, lists.length === 4 ? 4 : 1);
  for (const [i, list] of lists.entries()) offer(bank, query + i, bank.found + i * bank.foundBytes, start, list, mask);
}

function offer(
  bank: Bank,
  query: number,
  address: number,
  start: number,
  list: Shortlist,
  mask: Uint8Array | undefined,
): void {
  const { ints, floats } = bank;
  const end = (address + bank.foundCount(query) * candidateBytes) / 4;
  for (let at = address / 4; at < end; at += candidateBytes / 4) {
    const place = ints[at] ?? 0;
    if (mask === undefined || mask[place] === 1) list.offer(start + place, floats[at + 1] ?? 0, floats[at + 2] ?? 0);
  }
}

function wantedPlaces(gallery: Gallery, start: number, count: number, wanted: ReadonlySet<string>): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (wanted.has(gallery.memberIds[start + i] ?? "") ? 1 : 0));
}

/** Second pass: the similarities of the rows left, and the best `k` of them. */
async function rank(
  gallery: Gallery,
  query: number,
  list: Shortlist,
  k: number,
  breather: Breather,
): Promise<IndexHit[]> {
  const idOf = (row: number): string => gallery.ids[row] ?? "";
  const best = new BestRows(k, idOf);
  for (const row of list.rows()) {
    const { segment, place } = gallery.at(row);
    best.offer(row, segment.similarity(place, query));
    if (breather.due) await breather.breathe();
  }
  return best.sorted().map(({ row, similarity }) => ({
    id: idOf(row),
    memberId: gallery.memberIds[row] ?? "",
    similarity,
  }));
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
