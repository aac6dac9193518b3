import { describe, expect, test } from "vitest";
import {
  expectedFalsePositiveRate,
  falseMatchRateFor,
  largestGallery,
  thresholdForGallery,
} from "../src/gallery-size.js";

describe("the size of the gallery", () => {
  test("FPIR(N) = 1 - (1 - FMR)^N", () => {
    expect(expectedFalsePositiveRate(0.5, 3)).toBeCloseTo(0.875, 12);
    expect(falseMatchRateFor(0.875, 3)).toBeCloseTo(0.5, 12);
    expect(expectedFalsePositiveRate(1e-9, 1000)).toBeCloseTo(1e-6, 11);
  });

  const calibration = {
    data: "made up",
    defaultFalseMatchRate: 1e-3,
    points: [
      { falseMatchRate: 1e-3, threshold: 0.5, impostorPairs: 1e6 },
      { falseMatchRate: 1e-5, threshold: 0.7, impostorPairs: 1e6 },
    ],
  };

  const at = (falsePositiveRate: number, comparisons?: number) =>
    thresholdForGallery({ falsePositiveRate }, calibration, comparisons);

  test("the largest gallery keeps the rate, and one comparison more does not", () => {
    const largest = largestGallery(1e-2, 1e-5);
    expect(expectedFalsePositiveRate(1e-5, largest)).toBeLessThanOrEqual(1e-2);
    expect(expectedFalsePositiveRate(1e-5, largest + 1)).toBeGreaterThan(1e-2);
    expect(largestGallery(1e-3, 1e-3)).toBe(1);
  });

  test("chooses the threshold by the size", () => {
    expect(at(1e-3, 1)).toMatchObject({ value: 0.5, falseMatchRate: 1e-3 });
    expect(at(1e-3, 2)).toMatchObject({ value: 0.7, falseMatchRate: 1e-5 });
    expect(at(1e-3, 100)).toMatchObject({ value: 0.7 });
    expect(at(1e-3, 0)).toMatchObject({ value: 0.5 });
    expect(thresholdForGallery({ falseMatchRate: 1e-3 }, calibration, 1000)).toMatchObject({ value: 0.5 });
  });

  test("refuses a rate that was not measured with the lowest that was and the largest gallery that would do", () => {
    expect(() => at(1e-3, 1000)).toThrow(
      "The lowest falsePositiveRate here is 0.01; 0.001 can be held up to 100 comparisons.",
    );
    expect(at(0.01, 1000)).toMatchObject({ value: 0.7 });
    const tooLarge: unknown = (() => {
      try {
        return at(1e-3, 101);
      } catch (error) {
        return error;
      }
    })();
    expect(tooLarge).toMatchObject({
      code: "rate-not-supported",
      details: { comparisons: 101, lowest: 0.0011, largestGallery: 100 },
    });
    expect(at(0.0011, 101)).toMatchObject({ value: 0.7 });
    expect(() => at(1e-6, 1)).toThrow(
      "over 1 comparison wants a false match rate of 1.0e-6; the lowest measured is 0.00001",
    );
  });

  test("refuses what makes no sense", () => {
    expect(() => at(0, 1)).toThrow("falsePositiveRate wants");
    expect(() => at(1, 1)).toThrow("falsePositiveRate wants");
    expect(() => at(1e-3, undefined)).toThrow("does not tell how many comparisons");
    expect(() => thresholdForGallery({ falsePositiveRate: 1e-3 }, undefined, 1)).toThrow("No error rate");
    expect(() => thresholdForGallery({ falsePositiveRate: 1e-3, threshold: 0.5 }, calibration, 1)).toThrow(
      "got threshold 0.5 and falsePositiveRate 0.001",
    );
  });
});
