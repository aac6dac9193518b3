/**
 * The similarity of two float32 vectors, in double precision: four sums, of the dimensions 0, 4, 8 …, 1, 5, 9 … and so
 * on, added as (s0 + s1) + (s2 + s3). Each product of two float32 is exact in a double.
 */
export function similarity(a: usize, b: usize, dimensions: i32): f64 {
  let sums01 = f64x2.splat(0);
  let sums23 = f64x2.splat(0);
  const whole = a + ((<usize>(dimensions >> 2)) << 4);
  while (a < whole) {
    sums01 = f64x2.add(sums01, f64x2.mul(promoted(a), promoted(b)));
    sums23 = f64x2.add(sums23, f64x2.mul(promoted(a + 8), promoted(b + 8)));
    a += 16;
    b += 16;
  }
  let first = f64x2.extract_lane(sums01, 0);
  const end = a + ((<usize>(dimensions & 3)) << 2);
  while (a < end) {
    first += <f64>load<f32>(a) * <f64>load<f32>(b);
    a += 4;
    b += 4;
  }
  return first + f64x2.extract_lane(sums01, 1) + (f64x2.extract_lane(sums23, 0) + f64x2.extract_lane(sums23, 1));
}

function promoted(address: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(address));
}
