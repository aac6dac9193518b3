/**
 * The links of a graph, without its vectors: what a snapshot keeps of it. Numbers, in this order: how many rows; the row
 * where searches enter; then for each row its level, and for each level from 0 to that how many links it has there and
 * which rows they lead to.
 */
export type Links = Uint32Array<ArrayBuffer>;

/** The links of one row, by level. */
export type RowLinks = readonly ArrayLike<number>[];

/** hnswlib draws levels so that none comes near: 2⁻⁶⁴ of the rows of a graph of m = 2. */
const highestLevel = 64;

/** Most links of a row on a level (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small world graphs", 2016: M_max0 = 2 M). */
export function mostLinks(m: number, level: number): number {
  return level === 0 ? 2 * m : m;
}

/** Reads links row by row. Throws unless they are such as hnswlib can walk without leaving its memory. */
export function* eachRow(links: Links, m: number): Generator<RowLinks> {
  const count = links[0] ?? 0;
  const entry = links[1] ?? 0;
  let at = 2;
  const next = (most: number): number => {
    const value = links[at++];
    return value !== undefined && value <= most ? value : fail();
  };
  if (count === 0 || entry >= count) fail();
  const levels = levelsOf(links, m);
  const highest = levels.reduce((most, level) => Math.max(most, level), 0);
  if (levels[entry] !== highest) fail();
  for (let row = 0; row < count; row++) {
    const level = next(highestLevel);
    yield Array.from({ length: level + 1 }, (_, on) => {
      const length = next(mostLinks(m, on));
      const own = links.subarray(at, at + length);
      if (own.length < length) fail();
      for (const other of own) if (other >= count || other === row || (levels[other] ?? 0) < on) fail();
      at += length;
      return own;
    });
  }
  if (at !== links.length) fail();
}

/** The level of each row. */
function levelsOf(links: Links, m: number): Uint8Array {
  const levels = new Uint8Array(links[0] !== undefined && links[0] <= links.length ? links[0] : fail());
  let at = 2;
  for (let row = 0; row < levels.length; row++) {
    const level = links[at++] ?? fail();
    if (level > highestLevel) fail();
    levels[row] = level;
    for (let on = 0; on <= level; on++) {
      const length = links[at] ?? fail();
      if (length > mostLinks(m, on)) fail();
      at += 1 + length;
    }
  }
  return levels;
}

/**
 * The links among the rows that are left, which are numbered anew in their order. Where a link led to a removed row, links
 * to where that one led take its place, as far as there is room.
 */
export function withoutRemoved(
  rows: readonly RowLinks[],
  entry: number,
  isRemoved: (row: number) => boolean,
  m: number,
): { links: Links; labels: Uint32Array<ArrayBuffer> } | undefined {
  const labels = Uint32Array.from(rows.keys()).filter((row) => !isRemoved(row));
  const numbers = new Uint32Array(rows.length);
  labels.forEach((label, number) => {
    numbers[label] = number;
  });
  const levelOf = (row: number): number => (rows[row]?.length ?? 1) - 1;
  let enters = entry;
  if (isRemoved(entry)) {
    const [first] = labels;
    if (first === undefined) return undefined;
    enters = labels.reduce((best, row) => (levelOf(row) > levelOf(best) ? row : best), first);
  }
  const out: number[] = [labels.length, numbers[enters] ?? 0];
  for (const row of labels) {
    const own = rows[row] ?? [];
    out.push(own.length - 1);
    own.forEach((others, level) => {
      const kept = bridged(row, level, others, rows, isRemoved).slice(0, mostLinks(m, level));
      out.push(kept.length);
      for (const other of kept) out.push(numbers[other] ?? 0);
    });
  }
  return { links: Uint32Array.from(out), labels };
}

function bridged(
  row: number,
  level: number,
  others: ArrayLike<number>,
  rows: readonly RowLinks[],
  isRemoved: (row: number) => boolean,
): number[] {
  const all = Array.from(others);
  const kept = new Set(all.filter((other) => !isRemoved(other)));
  if (kept.size < all.length) {
    for (const gone of all.filter(isRemoved)) {
      for (const beyond of Array.from(rows[gone]?.[level] ?? [])) {
        if (beyond !== row && !isRemoved(beyond)) kept.add(beyond);
      }
    }
  }
  return [...kept];
}

function fail(): never {
  throw new Error("The links of the graph are not as this index writes them.");
}
