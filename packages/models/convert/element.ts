/** `values[i]`, which must be there: a tensor that is too short would otherwise turn into NaN without a word. */
export function element(values: ArrayLike<number>, i: number): number {
  const value = values[i];
  if (value === undefined) throw new RangeError(`no element ${i} among ${values.length}`);
  return value;
}
