/**
 * Optimal one-to-one assignment: pairs rows with columns so that the sum of gains is greatest; a row or column may stay
 * alone. The Hungarian method with potentials, O(n²·m): R. Jonker, A. Volgenant, "A shortest augmenting path algorithm
 * for dense and sparse linear assignment problems", Computing 38, 1987.
 *
 * @param gains `gains[row][column]`; 0 or less (or not finite) means that the two are never paired.
 * @returns for each row its column, or -1.
 */
export function assign(gains: readonly (readonly number[])[]): number[] {
  const rows = gains.length;
  const columns = gains.reduce((most, row) => Math.max(most, row.length), 0);
  // One column of no gain for each row lets every row stay alone.
  const width = columns + rows;
  const gain = (row: number, column: number): number => {
    const value = column < columns ? (gains[row]?.[column] ?? 0) : 0;
    return Number.isFinite(value) ? Math.max(value, 0) : 0;
  };
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(width + 1);
  const rowOfColumn = new Int32Array(width + 1);
  const previous = new Int32Array(width + 1);
  for (let row = 1; row <= rows; row++) {
    rowOfColumn[0] = row;
    const shortest = new Float64Array(width + 1).fill(Number.POSITIVE_INFINITY);
    const visited = new Uint8Array(width + 1);
    let column = 0;
    do {
      visited[column] = 1;
      const current = at(rowOfColumn, column);
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let j = 1; j <= width; j++) {
        if (visited[j]) continue;
        const reduced = -gain(current - 1, j - 1) - at(rowPotential, current) - at(columnPotential, j);
        if (reduced < at(shortest, j)) {
          shortest[j] = reduced;
          previous[j] = column;
        }
        if (at(shortest, j) < step) {
          step = at(shortest, j);
          next = j;
        }
      }
      for (let j = 0; j <= width; j++) {
        if (visited[j]) {
          const owner = at(rowOfColumn, j);
          rowPotential[owner] = at(rowPotential, owner) + step;
          columnPotential[j] = at(columnPotential, j) - step;
        } else {
          shortest[j] = at(shortest, j) - step;
        }
      }
      column = next;
    } while (at(rowOfColumn, column) !== 0);
    while (column !== 0) {
      const before = at(previous, column);
      rowOfColumn[column] = at(rowOfColumn, before);
      column = before;
    }
  }
  const result = new Array<number>(rows).fill(-1);
  for (let j = 1; j <= columns; j++) {
    const row = at(rowOfColumn, j) - 1;
    if (row >= 0 && gain(row, j - 1) > 0) result[row] = j - 1;
  }
  return result;
}

function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] ?? 0;
}
