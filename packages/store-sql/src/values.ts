import { fromOrderedText } from "@facekit/core";
import { Damage } from "./failures.js";

/*
 * Columns are read leniently as to the client's types (a big integer comes as number, bigint or text, bytes as Buffer or
 * Uint8Array) and strictly as to what was written: anything else is damage.
 */

/** Milliseconds since 1970 UTC; NULL stands for what is not given. */
export function fromDate(date: Date | undefined): number | null {
  return date === undefined ? null : date.getTime();
}

/** UTF-16 with the high byte first: its bytes are in the order of JavaScript's strings, and never more than 1024. */
export function toBytes(id: string): Buffer {
  return Buffer.from(id, "utf16le").swap16();
}

/** An id from a column, whichever way the database stores it. */
export function idOf(value: unknown): string {
  if (typeof value === "string") return fromOrderedText(value);
  const bytes = Buffer.from(bytesOf(value));
  if (bytes.length % 2 !== 0) throw new Damage("a row holds half an id");
  return bytes.swap16().toString("utf16le");
}

export function textOf(value: unknown): string {
  if (typeof value !== "string") throw new Damage(`a row holds ${typeof value} where text was written`);
  return value;
}

export function numberOf(value: unknown): number {
  const number = typeof value === "string" || typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || Number.isNaN(number)) {
    throw new Damage(`a row holds ${typeof value} where a number was written`);
  }
  return number;
}

export function dateOf(value: unknown): Date {
  return new Date(numberOf(value));
}

export function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Damage(`a row holds ${typeof value} where bytes were written`);
  return value;
}

/** `{ [key]: value }`, or nothing where the column is NULL: an optional property is left out, not `undefined`. */
export function optional<K extends string, T>(key: K, value: unknown, read: (value: unknown) => T): { [P in K]?: T } {
  const found: { [P in K]?: T } = {};
  if (value !== null) found[key] = read(value);
  return found;
}
