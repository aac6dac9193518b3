import type { Bank } from "./bank.js";
import { candidateBytes } from "./query-layout.js";
import { rowsPerBlock, type Segment } from "./segment.js";
import type { Shortlist } from "./shortlist.js";

/** Rows that stay in the processor's cache while all queries pass over them. */
const rowsPerTile = 1024;

/** The rows of one segment. */
export interface Stretch {
  readonly segment: Segment;
  /** The number of its first row in the gallery. */
  readonly firstRow: number;
  /** How many of its places hold rows. */
  readonly rows: number;
  /** 1 for each place that is asked for; all are where it is left out. */
  readonly mask?: Uint8Array;
}

/**
 * The integer scan of all rows, which leaves few of them on the lists, one for each query that the banks have loaded.
 * Yields after every fraction of a millisecond.
 */
export function* firstPass(stretches: Iterable<Stretch>, lists: readonly Shortlist[]): Generator<void> {
  for (const stretch of stretches) {
    const used = Math.ceil(stretch.rows / rowsPerBlock) * rowsPerBlock;
    const tile = lists.length === 1 ? used : rowsPerTile;
    for (let place = 0; place < used; place += tile) {
      const count = Math.min(tile, used - place);
      for (let query = 0; query < lists.length; ) {
        const width = lists.length - query < 4 ? 1 : 4;
        scan(stretch, place, count, query, lists.slice(query, query + width));
        query += width;
        yield;
      }
    }
  }
}

/** Scans rows for one query or four, from `query` on, and offers what is found to their lists. */
function scan(stretch: Stretch, place: number, count: number, query: number, lists: readonly Shortlist[]): void {
  const { bank } = stretch.segment;
  for (const [i, list] of lists.entries()) bank.setThreshold(query + i, list.threshold);
  stretch.segment.scan(place, count, query, lists.length === 4 ? 4 : 1);
  for (const [i, list] of lists.entries()) offer(bank, query + i, bank.found + i * bank.foundBytes, stretch, list);
}

function offer(bank: Bank, query: number, address: number, { firstRow, mask }: Stretch, list: Shortlist): void {
  const { ints, floats } = bank;
  const end = (address + bank.foundCount(query) * candidateBytes) / 4;
  for (let at = address / 4; at < end; at += candidateBytes / 4) {
    const place = ints[at] ?? 0;
    if (mask === undefined || mask[place] === 1) list.offer(firstRow + place, floats[at + 1] ?? 0, floats[at + 2] ?? 0);
  }
}
