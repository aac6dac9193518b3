import { FaceKitError } from "./errors.js";
import { specVersion } from "./spec/adapter.js";

/** Longest id in UTF-16 code units: fits the key columns of every backend. */
export const maxIdLength = 512;

/** Throws `invalid-argument` unless the value is usable as a member id or namespace. */
export function checkId(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > maxIdLength) {
    const got = typeof value === "string" ? `one of ${value.length} characters` : describe(value);
    throw new FaceKitError("invalid-argument", `${name} wants a string of 1 to ${maxIdLength} characters; got ${got}.`);
  }
  // A lone surrogate or NUL would come back changed from some databases, and then be another id.
  if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|\0/.test(value)) {
    throw new FaceKitError(
      "invalid-argument",
      `${name} wants well-formed Unicode without NUL; got ${JSON.stringify(value)}.`,
    );
  }
}

/** Throws `invalid-argument` unless the value is text that every database gives back unchanged. */
export function checkText(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || /[\0\p{Surrogate}]/u.test(value)) {
    throw new FaceKitError(
      "invalid-argument",
      `${name} wants well-formed Unicode text without NUL; got ${describe(value)}.`,
    );
  }
}

/** Throws `invalid-argument` unless the value is a date that is one. */
export function checkDate(name: string, value: unknown): asserts value is Date {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw new FaceKitError("invalid-argument", `${name} wants a valid Date; got ${describe(value)}.`);
  }
}

/** Throws `invalid-argument` unless the value is a number in the range, both ends included. */
export function checkNumber(
  name: string,
  value: unknown,
  range: { readonly min: number; readonly max: number; readonly integer?: boolean },
): asserts value is number {
  const fits = typeof value === "number" && value >= range.min && value <= range.max;
  if (!fits || (range.integer && !Number.isInteger(value))) {
    const kind = range.integer ? "an integer" : "a number";
    const span = range.max === Number.POSITIVE_INFINITY ? `of at least ${range.min}` : `${range.min} to ${range.max}`;
    throw new FaceKitError("invalid-argument", `${name} wants ${kind} ${span}; got ${describe(value)}.`);
  }
}

/** Throws `invalid-argument` unless the value is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new FaceKitError("invalid-argument", `${name} wants a function; got ${describe(value)}.`);
  }
}

/** Throws `invalid-argument` for keys that no option has, so that a misspelt one is not silently passed over. */
export function checkKeys(name: string, value: object, known: readonly string[]): void {
  if (typeof value !== "object" || value === null) {
    throw new FaceKitError("invalid-argument", `${name} wants an object of options; got ${describe(value)}.`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new FaceKitError("invalid-argument", `${name} has no option "${unknown}"; it knows ${known.join(", ")}.`);
  }
}

/** Throws `invalid-argument` unless the value is an adapter of this version of the interfaces. */
export function checkAdapter(name: string, value: unknown): void {
  const version = typeof value === "object" && value !== null && "specVersion" in value ? value.specVersion : undefined;
  if (version !== specVersion) {
    throw new FaceKitError(
      "invalid-argument",
      `${name} wants an adapter of specVersion "${specVersion}"; got ${version === undefined ? describe(value) : `version ${describe(version)}`}.`,
    );
  }
}

function describe(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value == null) return String(value);
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : `a value of type ${typeof value}`;
}
