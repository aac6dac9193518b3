/**
 * One colour of RGB pixels as float32: (value − mean) × scale.
 *
 * @param pixels `count` × 3 bytes; 16 bytes after them are read too
 * @param channel 0 red, 1 green, 2 blue
 * @param out float32 × `count`, and up to three more
 */
export function plane(pixels: usize, count: i32, channel: i32, mean: f32, scale: f32, out: usize): void {
  // Lanes of four pixels' bytes of this colour, each to the low byte of an int32; an index past 15 gives 0.
  const lanes = i32x4.add(i32x4(-256, -253, -250, -247), i32x4.splat(channel));
  const means = f32x4.splat(mean);
  const scales = f32x4.splat(scale);
  for (let i = 0; i < count; i += 4) {
    const values = f32x4.convert_i32x4_s(i8x16.swizzle(v128.load(pixels), lanes));
    v128.store(out, f32x4.mul(f32x4.sub(values, means), scales));
    pixels += 12;
    out += 16;
  }
}
