import { fromOrderedText } from "@facekit/core";
import type { Fields } from "./connection.js";
import { Damage } from "./failures.js";

export function textAt(document: Fields, field: string): string {
  const value = document[field];
  if (typeof value !== "string") throw new Damage(`a document holds ${typeof value} where text "${field}" was written`);
  return value;
}

export function idAt(document: Fields, field: string): string {
  return fromOrderedText(textAt(document, field));
}

/** A number, however the server keeps it. */
export function numberAt(document: Fields, field: string): number {
  const value = document[field];
  if (typeof value !== "number") {
    throw new Damage(`a document holds ${typeof value} where a number "${field}" was written`);
  }
  return value;
}

export function dateAt(document: Fields, field: string): Date {
  const value = document[field];
  if (!(value instanceof Date))
    throw new Damage(`a document holds ${typeof value} where a date "${field}" was written`);
  return value;
}

/** `{ [key]: value }`, or nothing where the field is missing: an optional property is left out, not `undefined`. */
export function optionalAt<K extends string, T>(
  key: K,
  document: Fields,
  read: (document: Fields, field: string) => T,
): { [P in K]?: T } {
  const found: { [P in K]?: T } = {};
  if (document[key] != null) found[key] = read(document, key);
  return found;
}

/** The fields that are given: the driver would write `undefined` as null. */
export function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
