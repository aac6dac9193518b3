import { FaceKitError } from "@facekit/core";
import type { Row } from "./database.js";
import { adapterId, Damage } from "./failures.js";
import { fromOrderedText } from "./ordered-text.js";

/** Milliseconds since 1970 UTC. Throws `invalid-argument` for what is no date. */
export function fromDate(name: string, date: Date): number {
  const time = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw invalid(name, "a valid Date");
  return time;
}

/** Text as it comes back unchanged. Throws `invalid-argument` for lone surrogates and NUL, at which SQLite would cut. */
export function fromText(name: string, text: string): string {
  if (typeof text !== "string" || /[\0\p{Surrogate}]/u.test(text)) {
    throw invalid(name, "well-formed Unicode text without NUL");
  }
  return text;
}

/** NULL stands for what is not given. */
export function optional<T, U>(value: T | undefined, convert: (value: T) => U): U | null {
  return value === undefined ? null : convert(value);
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

function invalid(name: string, wanted: string): FaceKitError {
  return new FaceKitError("invalid-argument", `${name} wants ${wanted}.`, { adapter: adapterId });
}
