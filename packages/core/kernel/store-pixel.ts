/** Rounds the first three lanes to bytes and writes them, and a zero after them: the next pixel's place, or padding. */
export function storePixel(address: usize, values: v128): void {
  const whole = i32x4.trunc_sat_f32x4_s(f32x4.add(values, f32x4.splat(0.5)));
  const colours = i32x4.replace_lane(whole, 3, 0);
  v128.store32_lane(address, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(colours, colours), i16x8.splat(0)), 0);
}
