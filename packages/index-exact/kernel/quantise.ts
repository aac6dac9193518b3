import { queryCodes, queryReach, queryScale, querySlack, stepBytes } from "./layout";

/**
 * Quantises a row to int8, x̂ = scale × code, with the scale that takes its largest component to 127, and measures
 * what was lost. The error is rounded up, by more than the rounding of its own computation.
 *
 * @param vector float32 × `dimensions`
 * @param codes where the row's first code goes: in its block, at its lane. Codes past `dimensions` are left as they are
 * @param scale where the float32 scale goes
 * @param error where the float32 ‖x − x̂‖ goes
 */
export function quantiseRow(vector: usize, dimensions: i32, codes: usize, scale: usize, error: usize): void {
  const largest = largestOf(vector, dimensions);
  const unit: f32 = largest / 127;
  const inverse: f32 = 127 / largest;
  let lost: f64 = 0;
  for (let i = 0; i < dimensions; i++) {
    const value = load<f32>(vector + ((<usize>i) << 2));
    const code = nearest<f32>(value * inverse);
    const off = <f64>value - <f64>unit * <f64>code;
    lost += off * off;
    store<i8>(codes + <usize>((i >> 1) * stepBytes + (i & 1)), <i8>code);
  }
  store<f32>(scale, unit);
  store<f32>(error, <f32>(sqrt<f64>(lost) * (1 + 1e-6)));
}

/**
 * Quantises a query to int16, its largest component to `limit`, and derives how wide a row's error window is:
 * `error of the row × reach + slack` (the proof is in `src/error-bound.ts`).
 */
export function quantiseQuery(
  vector: usize,
  dimensions: i32,
  query: usize,
  limit: f32,
  norm: f64,
  rounding: f64,
): void {
  const largest = largestOf(vector, dimensions);
  const unit: f32 = largest / limit;
  const inverse: f32 = limit / largest;
  let lost: f64 = 0;
  for (let i = 0; i < dimensions; i++) {
    const value = load<f32>(vector + ((<usize>i) << 2));
    const code = nearest<f32>(value * inverse);
    const off = <f64>value - <f64>unit * <f64>code;
    lost += off * off;
    store<i16>(query + ((<usize>i) << 1), <i16>code, queryCodes);
  }
  const error = sqrt<f64>(lost);
  store<f32>(query, unit, queryScale);
  store<f32>(query, <f32>(norm + error), queryReach);
  store<f32>(query, <f32>(norm * error + rounding), querySlack);
}

function largestOf(vector: usize, dimensions: i32): f32 {
  let largest: f32 = 0;
  for (let i = 0; i < dimensions; i++) largest = max<f32>(largest, abs<f32>(load<f32>(vector + ((<usize>i) << 2))));
  return largest;
}
