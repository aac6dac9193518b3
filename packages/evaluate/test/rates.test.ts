import { describe, expect, test } from "vitest";
import {
  ascending,
  calibrate,
  countAccepted,
  detSteps,
  equalErrorRate,
  fewestPairsToCalibrate,
  rateInterval,
  ratesAt,
  supportsRate,
  thresholdAccepting,
  trialsNeeded,
} from "../src/index.js";

describe("rateInterval", () => {
  test("is Wilson's: 1 of 10 and 5 of 10", () => {
    // By hand: (0.1 + z²/20 ± z √(0.09/10 + z²/400)) / (1 + z²/10).
    expect(rateInterval(1, 10).low).toBeCloseTo(0.017876, 6);
    expect(rateInterval(1, 10).high).toBeCloseTo(0.40415, 5);
    expect(rateInterval(5, 10).low).toBeCloseTo(0.236593, 6);
    expect(rateInterval(5, 10).high).toBeCloseTo(0.763407, 6);
  });

  test("is the rule of 3 where there is no error, or nothing else", () => {
    expect(rateInterval(0, 3000).low).toBe(0);
    expect(rateInterval(0, 3000).high).toBeCloseTo(3 / 3000, 5);
    expect(rateInterval(0, 1).high).toBeCloseTo(0.95, 12);
    expect(rateInterval(20, 20)).toEqual({ low: 0.05 ** (1 / 20), high: 1 });
  });

  test("of nothing is everything", () => {
    expect(rateInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });
});

test.each([
  [1e-2, 300],
  [1e-3, 3000],
  [1e-4, 30_000],
])("the rule of 3 wants for %f %i trials", (rate, trials) => {
  expect(trialsNeeded(rate)).toBe(trials);
  expect(supportsRate(rate, trials)).toBe(true);
  expect(supportsRate(rate, trials - 1)).toBe(false);
});

test("what equals the threshold is accepted", () => {
  const scores = ascending([0.5, 0.1, 0.5, 0.9]);
  expect([0, 0.1, 0.11, 0.5, 0.51, 0.9, 1].map((at) => countAccepted(scores, at))).toEqual([4, 4, 3, 3, 1, 1, 0]);
  expect(countAccepted(ascending([]), 0)).toBe(0);
});

describe("thresholdAccepting", () => {
  const scores = ascending([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]);

  test.each([0, 0.1, 0.3, 0.99])("accepts at most %f, and a step lower accepts more", (share) => {
    const threshold = thresholdAccepting(share, scores);
    expect(countAccepted(scores, threshold)).toBe(Math.floor(share * 10));
    expect(countAccepted(scores, threshold - 1e-6)).toBe(Math.floor(share * 10) + 1);
  });

  test("accepts fewer rather than some of equal scores", () => {
    const tied = ascending([0.1, 0.5, 0.5, 0.5]);
    expect(countAccepted(tied, thresholdAccepting(0.5, tied))).toBe(0);
  });

  test("lies above a score that lies on a step, however the product is rounded", () => {
    for (let step = 900_000; step < 902_000; step++) {
      expect(thresholdAccepting(0, ascending([step / 1e6]))).toBeGreaterThan(step / 1e6);
    }
  });

  test("of everything is the lowest that there is", () => {
    expect(thresholdAccepting(1, scores)).toBe(-1);
  });
});

// Genuine 0.4 to 0.9, impostors 0.1 to 0.6: at 0.5 one of four impostors passes and one of four genuine does not.
const scores = { genuine: ascending([0.4, 0.6, 0.8, 0.9]), impostor: ascending([0.1, 0.2, 0.3, 0.6]) };

test("the rates at a threshold", () => {
  expect(ratesAt(scores, 0.5)).toMatchObject({
    falseMatchRate: 0.25,
    falseMatches: 1,
    falseNonMatchRate: 0.25,
    falseNonMatches: 1,
  });
});

describe("equalErrorRate", () => {
  test("is where both rates are equal", () => {
    expect(equalErrorRate(scores)).toEqual({ rate: 0.25, threshold: 0.6 });
  });

  test("is 0 where the two kinds lie apart, and 1 where they lie the wrong way round", () => {
    expect(equalErrorRate({ genuine: ascending([0.8, 0.9]), impostor: ascending([0.1]) }).rate).toBe(0);
    expect(equalErrorRate({ genuine: ascending([0.1]), impostor: ascending([0.8, 0.9]) }).rate).toBe(1);
  });

  test("is between the two rates where they cross without meeting", () => {
    // At 0.5: 1 of 2 impostors, 1 of 3 genuine pairs.
    const { rate } = equalErrorRate({ genuine: ascending([0.4, 0.8, 0.9]), impostor: ascending([0.1, 0.5]) });
    expect(rate).toBeCloseTo((1 / 2 + 1 / 3) / 2, 12);
  });
});

test("the DET curve's steps are exact, ties in one", () => {
  expect([...detSteps({ genuine: ascending([0.5, 0.7]), impostor: ascending([0.2, 0.5]) })]).toEqual([
    { threshold: 0.2, falseMatchRate: 1, falseNonMatchRate: 0 },
    { threshold: 0.5, falseMatchRate: 0.5, falseNonMatchRate: 0 },
    { threshold: 0.7, falseMatchRate: 0, falseNonMatchRate: 0.5 },
    { threshold: Number.POSITIVE_INFINITY, falseMatchRate: 0, falseNonMatchRate: 1 },
  ]);
});

describe("calibrate", () => {
  test("has the points that the pairs support, each holding its rate", () => {
    const impostor = ascending(Array.from({ length: 10_000 }, (_, i) => i / 16_384));
    const genuine = ascending([0.1, 0.606, 0.9, 0.95]);
    const above = (index: number): number => (Math.floor((index / 16_384) * 1e6) + 1) / 1e6;
    expect(calibrate({ genuine, impostor }, "made up")).toEqual({
      data: "made up",
      defaultFalseMatchRate: 3e-3,
      points: [
        {
          falseMatchRate: 1e-2,
          threshold: above(9899),
          impostorPairs: 10_000,
          interval: [8.23e-3, 1.21e-2],
          trueMatchRate: 0.75,
        },
        {
          falseMatchRate: 3e-3,
          threshold: above(9969),
          impostorPairs: 10_000,
          interval: [2.1e-3, 4.28e-3],
          trueMatchRate: 0.5,
        },
      ],
    });
  });

  test("makes none of too few pairs", () => {
    const impostor = ascending(Array.from({ length: fewestPairsToCalibrate - 1 }, () => 0));
    expect(fewestPairsToCalibrate).toBe(2500);
    expect(calibrate({ genuine: ascending([1]), impostor }, "too few")).toBeUndefined();
  });
});
