import { storePixel } from "./store-pixel";

/** Positions are counted in 2⁻³² pixels: sums of steps stay exact, and splitting off the whole pixels is a shift. */
const unit: f64 = 4294967296;
/** Shares of neighbouring columns are counted in 2⁻¹⁴: two of them times two bytes fit the int16 dot product. */
const shareBits: i32 = 14;

/**
 * Makes a chip: each pixel is the mean of `samples` × `samples` bilinear samples at the position that the inverse
 * transform, (x, y) to (a·x − b·y + tx, b·x + a·y + ty), gives; there the pixels' centres have whole numbers. What lies
 * outside the pixels is black.
 *
 * @param pixels width × height × channels bytes; eight bytes after them are read too
 * @param out RGB bytes, chipWidth × chipHeight × 3, and one more
 */
export function warp(
  pixels: usize,
  width: i32,
  height: i32,
  channels: i32,
  a: f64,
  b: f64,
  tx: f64,
  ty: f64,
  samples: i32,
  chipWidth: i32,
  chipHeight: i32,
  out: usize,
): void {
  const stride = width * channels;
  // The colours of a pixel and of the next, side by side as int16; an index past 15 gives 0.
  const pairs =
    channels === 3
      ? i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
      : i8x16(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, -1, -1, -1, -1);
  const step: f64 = 1 / <f64>samples;
  const along = <i64>(a * step * unit);
  const across = <i64>(b * step * unit);
  const alongPixel = <i64>(a * unit);
  const acrossPixel = <i64>(b * unit);
  const weight = f32x4.splat(<f32>(step * step) / <f32>(1 << shareBits));
  const first = 0.5 * step;
  for (let v = 0; v < chipHeight; v++) {
    const cy = <f64>v + first;
    let pixelX = <i64>((a * first - b * cy + tx) * unit);
    let pixelY = <i64>((b * first + a * cy + ty) * unit);
    for (let u = 0; u < chipWidth; u++) {
      let rowX = pixelX;
      let rowY = pixelY;
      let sum = f32x4.splat(0);
      for (let j = 0; j < samples; j++) {
        let x = rowX;
        let y = rowY;
        for (let i = 0; i < samples; i++) {
          const left = <i32>(x >> 32);
          const top = <i32>(y >> 32);
          const share = <i32>(x >> (32 - shareBits)) & ((1 << shareBits) - 1);
          const below = f32x4.splat(<f32>(<i32>(<u32>y >> 8)) * (1 / <f32>(1 << 24)));
          if (<u32>left < <u32>(width - 1) && <u32>top < <u32>(height - 1)) {
            const shares = i32x4.splat((share << 16) | ((1 << shareBits) - share));
            const p = pixels + <usize>(top * stride + left * channels);
            const upper = mixColumns(v128.load64_zero(p), pairs, shares);
            const lower = mixColumns(v128.load64_zero(p + <usize>stride), pairs, shares);
            sum = f32x4.add(sum, f32x4.add(upper, f32x4.mul(f32x4.sub(lower, upper), below)));
          } else if (left >= -1 && top >= -1 && left < width && top < height) {
            sum = f32x4.add(sum, atBorder(pixels, width, height, channels, left, top, share, below));
          }
          x += along;
          y += across;
        }
        rowX -= across;
        rowY += along;
      }
      storePixel(out, f32x4.mul(sum, weight));
      out += 3;
      pixelX += alongPixel;
      pixelY += acrossPixel;
    }
  }
}

function mixColumns(bytes: v128, pairs: v128, shares: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(i8x16.swizzle(bytes, pairs), shares));
}

/** A sample of which some neighbours lie outside, and are black. */
function atBorder(
  pixels: usize,
  width: i32,
  height: i32,
  channels: i32,
  left: i32,
  top: i32,
  share: i32,
  below: v128,
): v128 {
  const first = f32x4.splat(<f32>((1 << shareBits) - share));
  const second = f32x4.splat(<f32>share);
  let rows = f32x4.splat(0);
  for (let row = 0; row < 2; row++) {
    const y = top + row;
    if (y < 0 || y >= height) continue;
    const p = pixels + <usize>((y * width + left) * channels);
    let columns = f32x4.splat(0);
    if (left >= 0) columns = f32x4.mul(first, pixel(p));
    if (left + 1 < width) columns = f32x4.add(columns, f32x4.mul(second, pixel(p + <usize>channels)));
    const weight = row === 0 ? f32x4.sub(f32x4.splat(1), below) : below;
    rows = f32x4.add(rows, f32x4.mul(columns, weight));
  }
  return rows;
}

function pixel(address: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address))));
}
