import { mostRowsPerScan } from "./bank.js";

const firstCapacity = 8;

/** Which segment holds a row. */
export function segmentNumber(row: number): number {
  if (row < firstCapacity) return 0;
  if (row < mostRowsPerScan) return 1 + Math.floor(Math.log2(row / firstCapacity));
  return segmentNumber(mostRowsPerScan - 1) + Math.floor(row / mostRowsPerScan);
}

/** The first row of a segment. */
export function firstRow(number: number): number {
  if (number === 0) return 0;
  const full = segmentNumber(mostRowsPerScan - 1);
  return number <= full ? firstCapacity * 2 ** (number - 1) : (number - full) * mostRowsPerScan;
}

/** Places in the segments of so many rows. */
export function placesFor(rows: number): number {
  return rows === 0 ? 0 : firstRow(segmentNumber(rows - 1) + 1);
}

/** How many rows a segment has places for. */
export function segmentCapacity(number: number): number {
  return firstRow(number + 1) - firstRow(number);
}
