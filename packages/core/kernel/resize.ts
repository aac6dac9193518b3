import { storePixel } from "./store-pixel";

/**
 * Makes target rows: first the weighted sum of the source rows that make one, column by column, then that of the
 * columns that make each pixel.
 *
 * Which source rows or columns make a target one is told by an entry of `rowBytes` or `columnBytes` each: the first of
 * them (int32), how many (int32), and their weights (float32 each).
 *
 * @param rows entries of the target rows to make, one after the other
 * @param count how many rows to make
 * @param columns entries of the target columns
 * @param width how many columns
 * @param pixels source rows, of which `firstRow` is the first; 16 bytes after the last are read too
 * @param stride bytes from one source row to the next: pixels × channels
 * @param sums float32 × (stride + 16), written over
 * @param out RGB bytes, width × count × 3, and one more
 */
export function resizeRows(
  rows: usize,
  rowBytes: i32,
  count: i32,
  columns: usize,
  columnBytes: i32,
  width: i32,
  pixels: usize,
  firstRow: i32,
  stride: i32,
  channels: i32,
  sums: usize,
  out: usize,
): void {
  for (let v = 0; v < count; v++) {
    sumRows(rows, pixels + <usize>((load<i32>(rows) - firstRow) * stride), stride, sums);
    rows += <usize>rowBytes;
    let column = columns;
    for (let u = 0; u < width; u++) {
      storePixel(out, sumColumns(column, sums, channels));
      column += <usize>columnBytes;
      out += 3;
    }
  }
}

function sumRows(entry: usize, pixels: usize, stride: i32, sums: usize): void {
  const weights = entry + 8;
  const end = weights + ((<usize>load<i32>(entry, 4)) << 2);
  for (let i = 0; i < stride; i += 16) {
    let first = f32x4.splat(0);
    let second = f32x4.splat(0);
    let third = f32x4.splat(0);
    let fourth = f32x4.splat(0);
    let from = pixels + <usize>i;
    for (let at = weights; at < end; at += 4) {
      const weight = v128.load32_splat(at);
      const bytes = v128.load(from);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      first = f32x4.add(first, f32x4.mul(weight, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low))));
      second = f32x4.add(second, f32x4.mul(weight, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low))));
      third = f32x4.add(third, f32x4.mul(weight, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high))));
      fourth = f32x4.add(fourth, f32x4.mul(weight, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high))));
      from += <usize>stride;
    }
    v128.store(sums, first);
    v128.store(sums, second, 16);
    v128.store(sums, third, 32);
    v128.store(sums, fourth, 48);
    sums += 64;
  }
}

function sumColumns(entry: usize, sums: usize, channels: i32): v128 {
  let at = entry + 8;
  const end = at + ((<usize>load<i32>(entry, 4)) << 2);
  const step = <usize>(channels << 2);
  let from = sums + <usize>load<i32>(entry) * step;
  let sum = f32x4.splat(0);
  while (at < end) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(at), v128.load(from)));
    at += 4;
    from += step;
  }
  return sum;
}
