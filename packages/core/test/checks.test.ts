import { expect, test } from "vitest";
import { checkId, checkKeys, checkNumber } from "../src/checks.js";

test("checkId takes well-formed names of 1 to 512 characters", () => {
  for (const name of ["a", "x".repeat(512), "👩‍👩‍👧", "'; DROP TABLE", "../x", " "]) {
    expect(() => checkId("name", name)).not.toThrow();
  }
  for (const name of ["", "x".repeat(513), "a\0", "\ud83d", "\ude00a", 7, null, undefined, {}]) {
    expect(() => checkId("member id", name)).toThrow(/^member id wants/);
  }
});

test("checkNumber takes the range, both ends included", () => {
  for (const value of [0, 0.5, 1]) expect(() => checkNumber("rate", value, { min: 0, max: 1 })).not.toThrow();
  for (const value of [-0.1, 1.1, Number.NaN, "1", null, undefined]) {
    expect(() => checkNumber("rate", value, { min: 0, max: 1 })).toThrow(/rate wants a number 0 to 1; got/);
  }
  const whole = { min: 1, max: Number.POSITIVE_INFINITY, integer: true };
  expect(() => checkNumber("k", 3, whole)).not.toThrow();
  expect(() => checkNumber("k", 1.5, whole)).toThrow("k wants an integer of at least 1; got 1.5.");
});

test("checkKeys names a misspelt option and those there are", () => {
  expect(() => checkKeys("register", { threshold: 1 }, ["threshold"])).not.toThrow();
  expect(() => checkKeys("register", { treshold: 1 }, ["threshold", "signal"])).toThrow(
    'register has no option "treshold"; it knows threshold, signal.',
  );
  expect(() => checkKeys("hnsw", JSON.parse("null"), ["m"])).toThrow("hnsw wants an object of options; got null.");
});
