import type { IndexHit, IndexSearchOptions } from "@facekit/core";
import { BestRows } from "./best-rows.js";
import { Breather } from "./breather.js";
import type { Gallery } from "./gallery.js";
import { rowDot } from "./row-dot.js";

/** Rows that stay in the processor's cache while all queries pass over them. */
const rowsPerChunk = 1024;

/** The nearest templates of each query by full comparison. The gallery must not change meanwhile. */
export async function nearest(
  gallery: Gallery,
  queries: readonly Float32Array[],
  { k, memberIds, signal }: IndexSearchOptions,
): Promise<IndexHit[][]> {
  const idOf = (row: number): string => gallery.ids[row] ?? "";
  const scans = queries.map((query) => ({ query: Float64Array.from(query), best: new BestRows(k, idOf) }));
  const wanted = memberIds && new Set(memberIds);
  const breather = new Breather(signal);
  for (let from = 0; from < gallery.size; from += rowsPerChunk) {
    const rows = rowsWanted(gallery, from, Math.min(from + rowsPerChunk, gallery.size), wanted);
    for (const { query, best } of scans) {
      for (const row of rows) best.offer(row, rowDot(gallery.rows, row * gallery.dimensions, query));
      if (breather.due) await breather.breathe();
    }
  }
  return scans.map(({ best }) =>
    best.sorted().map(({ row, similarity }) => ({
      id: idOf(row),
      memberId: gallery.memberIds[row] ?? "",
      similarity,
    })),
  );
}

function rowsWanted(gallery: Gallery, from: number, to: number, wanted: ReadonlySet<string> | undefined): Int32Array {
  const rows = new Int32Array(to - from);
  let count = 0;
  for (let row = from; row < to; row++) {
    if (wanted === undefined || wanted.has(gallery.memberIds[row] ?? "")) rows[count++] = row;
  }
  return rows.subarray(0, count);
}
