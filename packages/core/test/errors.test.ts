import { expect, test, vi } from "vitest";
import { FaceKitError, isFaceKitError } from "../src/errors.js";

test("carries what programs want to know", () => {
  const cause = new Error("disk");
  const error = new FaceKitError("store-full", "No space.", {
    adapter: "sql",
    retryable: true,
    retryAfterMs: 5,
    cause,
    details: { path: "a.db" },
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "FaceKitError",
    code: "store-full",
    message: "No space.",
    adapter: "sql",
    retryable: true,
    retryAfterMs: 5,
    details: { path: "a.db" },
  });
  expect(error.cause).toBe(cause);
  const plain = new FaceKitError("closed", "Closed.");
  expect(plain).toMatchObject({ retryable: false, details: {} });
  expect("cause" in plain).toBe(false);
});

test("is recognised across copies of the package", async () => {
  vi.resetModules();
  const copy = await import("../src/errors.js");
  const error = new copy.FaceKitError("conflict", "changed");
  expect(error).not.toBeInstanceOf(FaceKitError);
  expect(isFaceKitError(error)).toBe(true);
  expect(isFaceKitError(error, "conflict")).toBe(true);
  expect(isFaceKitError(error, "closed")).toBe(false);
});

test("is not mistaken", () => {
  for (const other of [undefined, null, "conflict", 7, new Error("x"), { code: "conflict" }]) {
    expect(isFaceKitError(other)).toBe(false);
    expect(isFaceKitError(other, "conflict")).toBe(false);
  }
});
