/**
 * Rounds the first three lanes, which are 0 to 255, to bytes and writes them, and a zero after them: the next pixel's
 * place, or padding.
 */
export function storePixel(address: usize, values: v128): void {
  const whole = f32x4.floor(f32x4.add(values, f32x4.splat(0.5)));
  // From 2²³ on a float32 counts in ones, so its lowest byte is the number's.
  const counted = f32x4.add(whole, f32x4.splat(8388608));
  const colours = i8x16(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  v128.store32_lane(address, i8x16.swizzle(counted, colours), 0);
}
