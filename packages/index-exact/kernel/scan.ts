import {
  candidateBytes,
  queryCodes,
  queryConstant,
  queryFound,
  queryReach,
  queryScale,
  querySlack,
  queryThreshold,
  stepBytes,
} from "./layout";

/**
 * The first pass: integer dot products of a query (int16) with all rows (int8), eight rows at a time. A row whose upper
 * bound reaches the query's threshold is written out as a candidate, at `found`. See `src/error-bound.ts` for why no
 * other row can be among the best.
 *
 * @param codes blocks of eight rows, `steps` × 16 bytes each
 * @param scales float32 per row: similarity of one unit of a code
 * @param errors float32 per row: ‖y − ŷ‖, or −infinity for a place without a row
 * @param offsets float32 per row: m·y
 * @param rows how many, a multiple of eight
 * @param steps pairs of dimensions, a multiple of four
 * @param firstRow what the first row is called in the candidates
 */
export function scanOne(
  codes: usize,
  scales: usize,
  errors: usize,
  offsets: usize,
  rows: i32,
  steps: i32,
  firstRow: i32,
  query: usize,
  found: usize,
): void {
  store<i32>(query, 0, queryFound);
  const block = <usize>(steps * stepBytes);
  for (let row = 0; row < rows; row += 8) {
    let low = i32x4.splat(0);
    let high = i32x4.splat(0);
    let q = query + queryCodes;
    const end = codes + block;
    while (codes < end) {
      let pair = v128.load32_splat(q);
      low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load8x8_s(codes), pair));
      high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 8), pair));
      pair = v128.load32_splat(q, 4);
      low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 16), pair));
      high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 24), pair));
      pair = v128.load32_splat(q, 8);
      low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 32), pair));
      high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 40), pair));
      pair = v128.load32_splat(q, 12);
      low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 48), pair));
      high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load8x8_s(codes, 56), pair));
      codes += 64;
      q += 16;
    }
    sift(low, v128.load(scales), v128.load(errors), v128.load(offsets), firstRow + row, query, found);
    sift(high, v128.load(scales, 16), v128.load(errors, 16), v128.load(offsets, 16), firstRow + row + 4, query, found);
    scales += 32;
    errors += 32;
    offsets += 32;
  }
}

/** `scanOne` for four queries that lie `queryBytes` apart, their candidates `foundBytes` apart: rows are read once. */
export function scanFour(
  codes: usize,
  scales: usize,
  errors: usize,
  offsets: usize,
  rows: i32,
  steps: i32,
  firstRow: i32,
  query: usize,
  queryBytes: usize,
  found: usize,
  foundBytes: usize,
): void {
  const query1 = query + queryBytes;
  const query2 = query1 + queryBytes;
  const query3 = query2 + queryBytes;
  store<i32>(query, 0, queryFound);
  store<i32>(query1, 0, queryFound);
  store<i32>(query2, 0, queryFound);
  store<i32>(query3, 0, queryFound);
  const block = <usize>(steps * stepBytes);
  for (let row = 0; row < rows; row += 8) {
    let low0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let low2 = i32x4.splat(0);
    let low3 = i32x4.splat(0);
    let high0 = i32x4.splat(0);
    let high1 = i32x4.splat(0);
    let high2 = i32x4.splat(0);
    let high3 = i32x4.splat(0);
    let at: usize = 0;
    const end = codes + block;
    while (codes < end) {
      const low = v128.load8x8_s(codes);
      const high = v128.load8x8_s(codes, 8);
      let pair = v128.load32_splat(query + at, queryCodes);
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(low, pair));
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(high, pair));
      pair = v128.load32_splat(query1 + at, queryCodes);
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(low, pair));
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(high, pair));
      pair = v128.load32_splat(query2 + at, queryCodes);
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(low, pair));
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(high, pair));
      pair = v128.load32_splat(query3 + at, queryCodes);
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(low, pair));
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(high, pair));
      codes += stepBytes;
      at += 4;
    }
    let scale = v128.load(scales);
    let error = v128.load(errors);
    let offset = v128.load(offsets);
    const first = firstRow + row;
    sift(low0, scale, error, offset, first, query, found);
    sift(low1, scale, error, offset, first, query1, found + foundBytes);
    sift(low2, scale, error, offset, first, query2, found + 2 * foundBytes);
    sift(low3, scale, error, offset, first, query3, found + 3 * foundBytes);
    scale = v128.load(scales, 16);
    error = v128.load(errors, 16);
    offset = v128.load(offsets, 16);
    sift(high0, scale, error, offset, first + 4, query, found);
    sift(high1, scale, error, offset, first + 4, query1, found + foundBytes);
    sift(high2, scale, error, offset, first + 4, query2, found + 2 * foundBytes);
    sift(high3, scale, error, offset, first + 4, query3, found + 3 * foundBytes);
    scales += 32;
    errors += 32;
    offsets += 32;
  }
}

/** Turns the sums of four rows into similarities and keeps the rows whose upper bound reaches the threshold. */
function sift(sums: v128, scale: v128, error: v128, offset: v128, firstRow: i32, query: usize, found: usize): void {
  const product = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), scale), v128.load32_splat(query, queryScale));
  const similarity = f32x4.add(product, f32x4.add(offset, v128.load32_splat(query, queryConstant)));
  const window = f32x4.add(
    f32x4.mul(error, v128.load32_splat(query, queryReach)),
    v128.load32_splat(query, querySlack),
  );
  const reached = f32x4.ge(f32x4.add(similarity, window), v128.load32_splat(query, queryThreshold));
  if (v128.any_true(reached)) keep(similarity, window, i32x4.bitmask(reached), firstRow, query, found);
}

function keep(similarity: v128, window: v128, reached: i32, firstRow: i32, query: usize, found: usize): void {
  let count = load<i32>(query, queryFound);
  for (let lane = 0; lane < 4; lane++) {
    if (reached & (1 << lane)) {
      const candidate = found + <usize>count * candidateBytes;
      store<i32>(candidate, firstRow + lane);
      store<f32>(candidate, f32x4.extract_lane(similarity, 0), 4);
      store<f32>(candidate, f32x4.extract_lane(window, 0), 8);
      count++;
    }
    // Lanes are named by constants only: the next one moves to the front.
    similarity = v128.shuffle<i32>(similarity, similarity, 1, 2, 3, 0);
    window = v128.shuffle<i32>(window, window, 1, 2, 3, 0);
  }
  store<i32>(query, count, queryFound);
}
