import { normalize } from "@facekit/core";

/** `uniform`: directions drawn at random. `clustered`: about 50 rows around each of many centres, as photos of members. */
export interface Gallery {
  readonly count: number;
  readonly dimensions: number;
  readonly data: "uniform" | "clustered";
}

const rowsPerCluster = 50;
/** The cosine of a clustered row and its centre. */
const cosineToCentre = 0.8;
/** Every so many rows there is a copy of an earlier row: ties with no margin. */
const copyEvery = 50;

/** The rows one after the other, the same on every run. */
export function makeRows({ count, dimensions, data }: Gallery): Float32Array {
  const random = seeded(dimensions);
  const rows = new Float32Array(count * dimensions);
  const centres = Array.from({ length: data === "clustered" ? Math.ceil(count / rowsPerCluster) : 0 }, () =>
    direction(random, dimensions),
  );
  for (let row = 0; row < count; row++) {
    const centre = centres[row % centres.length];
    const copied = Math.floor(random() * row) * dimensions;
    if (row % copyEvery === copyEvery - 1) rows.copyWithin(row * dimensions, copied, copied + dimensions);
    else rows.set(centre === undefined ? direction(random, dimensions) : around(centre, random), row * dimensions);
  }
  return rows;
}

/**
 * One query in three is a row as it stands, one is near a row, as another photo of a member, and one is a stranger. To
 * tune by are others than to measure with.
 */
export function makeQueries(
  { count, dimensions }: Gallery,
  rows: Float32Array,
  wanted: number,
  purpose: "measuring" | "tuning" = "measuring",
): Float32Array[] {
  const random = seeded(count + dimensions + (purpose === "tuning" ? 1 : 0));
  return Array.from({ length: wanted }, (_, i) => {
    const from = Math.floor(random() * count) * dimensions;
    const row = rows.slice(from, from + dimensions);
    return [row, around(row, random), direction(random, dimensions)][i % 3] ?? row;
  });
}

/** Whether the query of this number lies near no row. */
export function isStranger(query: number): boolean {
  return query % 3 === 2;
}

/** The `k` best cosines of each query in float64, best first. */
export function bruteForce({ count, dimensions }: Gallery, rows: Float32Array, query: Float32Array, k: number) {
  const cosines = new Float64Array(count);
  for (let row = 0; row < count; row++) cosines[row] = cosine(rows, row * dimensions, query);
  return cosines.sort().reverse().subarray(0, k);
}

/** The cosine of a row and a query, both of unit length, in float64. */
export function cosine(rows: Float32Array, offset: number, query: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += (rows[offset + i] ?? 0) * (query[i] ?? 0);
  return sum;
}

function around(centre: Float32Array, random: () => number): Float32Array {
  const off = direction(random, centre.length);
  const share = Math.sqrt(1 - cosineToCentre ** 2);
  return normalize(centre.map((value, i) => cosineToCentre * value + share * (off[i] ?? 0)));
}

/** Sums of three even draws are close enough to normal for a direction without preference. */
function direction(random: () => number, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (let i = 0; i < dimensions; i++) vector[i] = random() + random() + random() - 1.5;
  return normalize(vector);
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
