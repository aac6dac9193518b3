/**
 * The dot product of a query with the row at `offset`, accumulated in double precision. Four sums that do not wait for
 * each other keep the processor busy; the query comes in double precision so as to be converted once, not per row.
 */
export function rowDot(rows: Float32Array, offset: number, query: Float64Array): number {
  const { length } = query;
  const whole = length - (length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i < whole; i += 4) {
    a += (rows[offset + i] as number) * (query[i] as number);
    b += (rows[offset + i + 1] as number) * (query[i + 1] as number);
    c += (rows[offset + i + 2] as number) * (query[i + 2] as number);
    d += (rows[offset + i + 3] as number) * (query[i + 3] as number);
  }
  for (; i < length; i++) a += (rows[offset + i] as number) * (query[i] as number);
  return a + b + (c + d);
}
