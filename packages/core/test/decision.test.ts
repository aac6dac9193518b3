import { describe, expect, test } from "vitest";
import { decide, searchTerms } from "../src/decision.js";
import type { Threshold } from "../src/threshold.js";

const threshold: Threshold = { value: 0.5, source: "caller" };
const candidate = (memberId: string, similarity: number) => ({ memberId, similarity, templateId: `${memberId}-1` });

describe("decide", () => {
  test("matches from the threshold on, with the margin to the next member", () => {
    expect(decide([candidate("ann", 0.5)], { threshold })).toEqual({
      matched: true,
      memberId: "ann",
      similarity: 0.5,
      threshold,
      refusals: [],
    });
    expect(decide([candidate("ann", 0.75), candidate("bob", 0.25)], { threshold }).margin).toBe(0.5);
  });

  test("names nobody below the threshold, and says why", () => {
    const decision = decide([candidate("ann", 0.25), candidate("bob", 0.125)], { threshold });
    expect(decision).toMatchObject({ matched: false, similarity: 0.25, margin: 0.125, refusals: ["below-threshold"] });
    expect(decision.memberId).toBeUndefined();
    expect(decision.reason).toMatch(/0.2500, below the threshold 0.5/);
  });

  test("says so where nobody is enrolled", () => {
    expect(decide([], { threshold })).toEqual({
      matched: false,
      threshold,
      refusals: ["nobody-enrolled"],
      reason: "No member is enrolled here.",
    });
  });

  test("never matches NaN", () => {
    expect(decide([candidate("ann", Number.NaN)], { threshold }).matched).toBe(false);
  });

  test("rounds nothing: cosines of the bundled embedder differ in the last digits", () => {
    const narrow: Threshold = { value: 0.9412344, source: "caller" };
    const above = decide([candidate("ann", 0.9412345), candidate("bob", 0.9412344)], { threshold: narrow });
    expect(above).toMatchObject({ matched: true, similarity: 0.9412345 });
    expect(above.margin).toBe(0.9412345 - 0.9412344);
    const below = decide([candidate("ann", 0.9412343)], { threshold: narrow });
    expect(below).toMatchObject({ matched: false, similarity: 0.9412343 });
    expect(below.reason).toContain("similarity 0.9412343, below the threshold 0.9412344");
    const hair = decide([candidate("ann", 0.9412344 - 1e-16)], { threshold: narrow });
    expect(hair.matched).toBe(false);
    expect(Number(/similarity (\S+),/.exec(hair.reason ?? "")?.[1])).toBeLessThan(0.9412344);
  });

  test("carries the terms of the search with the answer, whatever it is", () => {
    const measured: Threshold = { value: 0.5, source: "calibration", falseMatchRate: 1e-3 };
    const terms = searchTerms(measured, 100);
    expect(terms.expectedFalsePositiveRate).toBeCloseTo(1 - 0.999 ** 100, 12);
    for (const similarity of [0.9, 0.1]) {
      expect(decide([candidate("ann", similarity)], terms)).toMatchObject({ ...terms, gallerySize: 100 });
    }
  });

  test("tells no rate where none is known", () => {
    expect(searchTerms(threshold, 100)).toEqual({ threshold, gallerySize: 100 });
    expect(searchTerms({ ...threshold, falseMatchRate: 1e-3 }, undefined)).not.toHaveProperty(
      "expectedFalsePositiveRate",
    );
  });
});
