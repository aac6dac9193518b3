import { describe, expect, test } from "vitest";
import { expectedFalsePositiveRate, falseMatchRateFor, thresholdForGallery } from "../src/gallery-size.js";

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

  test("chooses the threshold, and refuses what was not measured with the lowest that was", () => {
    expect(thresholdForGallery(1e-3, 1, calibration)).toMatchObject({ value: 0.5, falseMatchRate: 1e-3 });
    expect(thresholdForGallery(1e-3, 2, calibration)).toMatchObject({ value: 0.7, falseMatchRate: 1e-5 });
    expect(thresholdForGallery(1e-3, 100, calibration)).toMatchObject({ value: 0.7 });
    expect(() => thresholdForGallery(1e-3, 1000, calibration)).toThrow("The lowest falsePositiveRate here is 0.010");
    expect(() => thresholdForGallery(0, 1, calibration)).toThrow("falsePositiveRate");
    expect(() => thresholdForGallery(1e-3, 1, undefined)).toThrow("No error rate");
  });
});
