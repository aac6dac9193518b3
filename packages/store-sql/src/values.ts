import { fromOrderedText } from "@facekit/core";
import type { Row } from "./database.js";
import { Damage } from "./failures.js";

/** Milliseconds since 1970 UTC; NULL stands for what is not given. */
export function fromDate(date: Date | undefined): number | null {
  return date === undefined ? null : date.getTime();
}

export function textAt(row: Row, column: number): string {
  const value = row[column];
  if (typeof value !== "string") throw new Damage(`a row holds ${typeof value} where text was written`);
  return value;
}

export function idAt(row: Row, column: number): string {
  return fromOrderedText(textAt(row, column));
}

export function numberAt(row: Row, column: number): number {
  const value = row[column];
  if (typeof value !== "number") throw new Damage(`a row holds ${typeof value} where a number was written`);
  return value;
}

export function dateAt(row: Row, column: number): Date {
  return new Date(numberAt(row, column));
}

export function blobAt(row: Row, column: number): Buffer {
  const value = row[column];
  if (!Buffer.isBuffer(value)) throw new Damage(`a row holds ${typeof value} where bytes were written`);
  return value;
}

/** `{ [key]: value }`, or nothing where the column is NULL: an optional property is left out, not `undefined`. */
export function optionalAt<K extends string, T>(
  key: K,
  row: Row,
  column: number,
  read: (row: Row, column: number) => T,
): { [P in K]?: T } {
  const found: { [P in K]?: T } = {};
  if (row[column] !== null) found[key] = read(row, column);
  return found;
}
