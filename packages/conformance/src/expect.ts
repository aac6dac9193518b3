import { type FaceKitErrorCode, isFaceKitError } from "@facekit/core";

/** Throws unless the condition holds. The message says what must be so. */
export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless both are the same in structure; a key of value `undefined` counts as absent. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}.`);
}

export function near(actual: number, expected: number, tolerance: number, what: string): void {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`${what}: expected ${expected} within ${tolerance}, got ${actual}.`);
  }
}

/** Throws unless the call rejects (or throws) with a FaceKitError of this code. */
export async function rejects(call: () => Promise<unknown>, code: FaceKitErrorCode, what: string): Promise<void> {
  const error = await rejectionOf(call, what);
  if (!isFaceKitError(error, code)) {
    throw new Error(`${what}: expected a FaceKitError "${code}", got ${show(error)}.`, { cause: error });
  }
}

/** Throws unless the call rejects with this very reason. */
export async function rejectsWith(call: () => Promise<unknown>, reason: unknown, what: string): Promise<void> {
  const error = await rejectionOf(call, what);
  if (error !== reason) {
    throw new Error(`${what}: expected the signal's own reason, got ${show(error)}.`, { cause: error });
  }
}

async function rejectionOf(call: () => Promise<unknown>, what: string): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: expected a rejection, but the call was fulfilled.`);
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  }
  if (Array.isArray(a) !== Array.isArray(b) || a instanceof Float32Array !== b instanceof Float32Array) return false;
  const left = entriesOf(a);
  const right = new Map(entriesOf(b));
  return left.length === right.size && left.every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const text = JSON.stringify(value, (_, item) => (item instanceof Float32Array ? [...item] : item)) ?? String(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
