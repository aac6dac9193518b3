import { describe, expect, test } from "vitest";
import type { Calibration } from "../src/spec/embedder.js";
import { chooseThreshold } from "../src/threshold.js";

const calibration: Calibration = {
  data: "10 folds",
  defaultFalseMatchRate: 1e-3,
  points: [
    { falseMatchRate: 1e-4, threshold: 0.6, impostorPairs: 300_000 },
    { falseMatchRate: 1e-2, threshold: 0.3, impostorPairs: 300_000 },
    { falseMatchRate: 1e-3, threshold: 0.45, impostorPairs: 300_000 },
  ],
};

describe("chooseThreshold", () => {
  test("takes the calibration's default rate", () => {
    expect(chooseThreshold({}, calibration)).toEqual({
      value: 0.45,
      source: "calibration",
      falseMatchRate: 1e-3,
      impostorPairs: 300_000,
      data: "10 folds",
    });
  });

  test("takes the loosest point that keeps the rate asked for", () => {
    expect(chooseThreshold({ falseMatchRate: 1e-4 }, calibration).value).toBe(0.6);
    expect(chooseThreshold({ falseMatchRate: 5e-3 }, calibration).value).toBe(0.45);
    expect(chooseThreshold({ falseMatchRate: 0.1 + 0.2 - 0.29 }, calibration).value).toBe(0.3);
    expect(chooseThreshold({ falseMatchRate: 1 }, calibration).value).toBe(0.3);
  });

  test("carries the interval of the rate, where the calibration tells it", () => {
    const [point] = calibration.points.filter(({ falseMatchRate }) => falseMatchRate === 1e-3);
    const points = point === undefined ? [] : [{ ...point, interval: [9e-4, 1.1e-3] as const }];
    expect(chooseThreshold({}, { ...calibration, points }).falseMatchRateInterval).toEqual([9e-4, 1.1e-3]);
  });

  test("refuses the rate of a search, and says which one a comparison has", () => {
    expect(() => chooseThreshold({ falsePositiveRate: 1e-2 }, calibration)).toThrow(/give falseMatchRate/);
  });

  test("refuses a rate below what was measured, and says what was", () => {
    for (const falseMatchRate of [1e-5, 0]) {
      expect(() => chooseThreshold({ falseMatchRate }, calibration)).toThrow(/10 folds; the lowest is 0.0001/);
    }
  });

  test("takes a caller's number with or without calibration, and claims no rate", () => {
    for (const known of [calibration, undefined]) {
      expect(chooseThreshold({ threshold: 0.5 }, known)).toEqual({ value: 0.5, source: "caller" });
    }
  });

  test("refuses what makes no sense", () => {
    expect(() => chooseThreshold({ threshold: 0.5, falseMatchRate: 1e-3 }, calibration)).toThrow(
      /got threshold 0.5 and falseMatchRate 0.001/,
    );
    expect(() => chooseThreshold({}, undefined)).toThrow(/no calibration/);
    expect(() => chooseThreshold({ falseMatchRate: 1e-3 }, undefined)).toThrow(/no calibration/);
    for (const threshold of [Number.NaN, -2, Number.POSITIVE_INFINITY]) {
      expect(() => chooseThreshold({ threshold }, calibration)).toThrow(/threshold wants/);
    }
    for (const falseMatchRate of [Number.NaN, -1, 2]) {
      expect(() => chooseThreshold({ falseMatchRate }, calibration)).toThrow(/falseMatchRate wants/);
    }
  });

  test("a model with a published threshold alone uses it, and says so; a rate is refused", () => {
    const published: Calibration = {
      data: "its authors",
      defaultFalseMatchRate: 1e-3,
      points: [],
      publishedThreshold: 0.36,
    };
    expect(chooseThreshold({}, published)).toEqual({ value: 0.36, source: "published", data: "its authors" });
    expect(chooseThreshold({ threshold: 0.5 }, published)).toEqual({ value: 0.5, source: "caller" });
    expect(() => chooseThreshold({ falseMatchRate: 1e-3 }, published)).toThrow(/No error rate/);
  });
});
