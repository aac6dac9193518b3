import { queryCodes, queryConstant, queryReach, queryScale, querySlack, stepBytes } from "./layout";

/** A vector whose components are all smaller is as good as zero, and its reciprocal would not be finite. */
const smallest: f64 = 1e-20;

/**
 * Quantises what a row x has beyond the centre m, y = x − m, to int8: ŷ = scale × code, with the scale that takes the
 * largest component to 127. Measures what was lost; the error is rounded up by more than the rounding in it.
 *
 * @param vector x, float32 × `dimensions`
 * @param centre m, float32 × `dimensions`
 * @param codes where the row's first code goes: in its block, at its lane. Codes past `dimensions` are left as they are
 * @param scale where the float32 scale goes
 * @param error where the float32 ‖y − ŷ‖ goes
 * @param offset where the float32 m·y goes
 */
export function quantiseRow(
  vector: usize,
  centre: usize,
  dimensions: i32,
  codes: usize,
  scale: usize,
  error: usize,
  offset: usize,
): void {
  const largest = largestBeyond(vector, centre, dimensions);
  const unit = <f32>(largest / 127);
  const perUnit: f64 = largest > smallest ? 127 / largest : 0;
  let lost: f64 = 0;
  let along: f64 = 0;
  for (let i = 0; i < dimensions; i++) {
    const middle = <f64>load<f32>(centre + ((<usize>i) << 2));
    const beyond = <f64>load<f32>(vector + ((<usize>i) << 2)) - middle;
    const code = nearest<f64>(beyond * perUnit);
    const off = beyond - <f64>unit * code;
    lost += off * off;
    along += middle * beyond;
    store<i8>(codes + <usize>((i >> 1) * stepBytes + (i & 1)), <i8>code);
  }
  store<f32>(scale, unit);
  store<f32>(error, <f32>(sqrt<f64>(lost) * (1 + 1e-6)));
  store<f32>(offset, <f32>along);
}

/**
 * Quantises what a query has beyond the centre to int16, its largest component to `limit`, and derives how wide the
 * error window of a row is: `error of the row × reach + slack` (the proof is in `src/error-bound.ts`).
 */
export function quantiseQuery(
  vector: usize,
  centre: usize,
  dimensions: i32,
  query: usize,
  limit: f64,
  farthest: f64,
  rounding: f64,
): void {
  const largest = largestBeyond(vector, centre, dimensions);
  const unit = <f32>(largest / limit);
  const perUnit: f64 = largest > smallest ? limit / largest : 0;
  let lost: f64 = 0;
  let squared: f64 = 0;
  let along: f64 = 0;
  for (let i = 0; i < dimensions; i++) {
    const middle = <f64>load<f32>(centre + ((<usize>i) << 2));
    const value = <f64>load<f32>(vector + ((<usize>i) << 2));
    const beyond = value - middle;
    const code = nearest<f64>(beyond * perUnit);
    const off = beyond - <f64>unit * code;
    lost += off * off;
    squared += beyond * beyond;
    along += middle * value;
    store<i16>(query + ((<usize>i) << 1), <i16>code, queryCodes);
  }
  const error = sqrt<f64>(lost);
  store<f32>(query, unit, queryScale);
  store<f32>(query, <f32>(sqrt<f64>(squared) + error), queryReach);
  store<f32>(query, <f32>(farthest * error + rounding), querySlack);
  store<f32>(query, <f32>along, queryConstant);
}

function largestBeyond(vector: usize, centre: usize, dimensions: i32): f64 {
  let largest: f64 = 0;
  for (let i = 0; i < dimensions; i++) {
    const at = (<usize>i) << 2;
    largest = max<f64>(largest, abs<f64>(<f64>load<f32>(vector + at) - <f64>load<f32>(centre + at)));
  }
  return largest;
}
