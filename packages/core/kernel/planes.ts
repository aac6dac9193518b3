/**
 * RGB pixels as three planes of float32, each value (pixel − mean) × scale.
 *
 * @param pixels `count` × 3 bytes; 4 bytes after them are read too
 * @param red where the plane of the red goes: float32 × `count`
 * @param green the same of the green
 * @param blue the same of the blue
 */
export function planes(
  pixels: usize,
  count: i32,
  red: usize,
  green: usize,
  blue: usize,
  redMean: f32,
  greenMean: f32,
  blueMean: f32,
  redScale: f32,
  greenScale: f32,
  blueScale: f32,
): void {
  // Four pixels' bytes of a colour, each to the low byte of an int32; an index past 15 gives 0.
  const reds = i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1);
  const greens = i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1);
  const blues = i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1);
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    const bytes = v128.load(pixels);
    v128.store(red, scaled(i8x16.swizzle(bytes, reds), redMean, redScale));
    v128.store(green, scaled(i8x16.swizzle(bytes, greens), greenMean, greenScale));
    v128.store(blue, scaled(i8x16.swizzle(bytes, blues), blueMean, blueScale));
    pixels += 12;
    red += 16;
    green += 16;
    blue += 16;
  }
  for (let i = whole; i < count; i++) {
    store<f32>(red, (<f32>load<u8>(pixels) - redMean) * redScale);
    store<f32>(green, (<f32>load<u8>(pixels, 1) - greenMean) * greenScale);
    store<f32>(blue, (<f32>load<u8>(pixels, 2) - blueMean) * blueScale);
    pixels += 3;
    red += 4;
    green += 4;
    blue += 4;
  }
}

function scaled(values: v128, mean: f32, scale: f32): v128 {
  return f32x4.mul(f32x4.sub(f32x4.convert_i32x4_s(values), f32x4.splat(mean)), f32x4.splat(scale));
}
