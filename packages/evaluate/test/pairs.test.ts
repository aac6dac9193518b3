import { describe, expect, test } from "vitest";
import {
  accuracyAt,
  accuracyOverFolds,
  bestAccuracy,
  compareAll,
  evaluatePairs,
  parsePairs,
  type ScoredPair,
  scorePairs,
} from "../src/index.js";

const pair = (similarity: number | undefined, same: boolean): ScoredPair => ({
  a: "a",
  b: "b",
  same,
  ...(similarity === undefined ? {} : { similarity }),
});

describe("parsePairs", () => {
  test("reads LFW's folds", () => {
    const lines = ["2\t1", "Ada\t1\t12", "Ada\t2\tBo_Li\t3", "Cy\t1\t2", "Cy\t1\tDee\t4"];
    expect(parsePairs(`${lines.join("\n")}\n`)).toEqual({
      format: "lfw",
      folds: [
        [
          { a: "Ada/Ada_0001.jpg", b: "Ada/Ada_0012.jpg", same: true },
          { a: "Ada/Ada_0002.jpg", b: "Bo_Li/Bo_Li_0003.jpg", same: false },
        ],
        [
          { a: "Cy/Cy_0001.jpg", b: "Cy/Cy_0002.jpg", same: true },
          { a: "Cy/Cy_0001.jpg", b: "Dee/Dee_0004.jpg", same: false },
        ],
      ],
    });
  });

  test("reads LFW's development sets, which are one fold", () => {
    const { folds } = parsePairs("1\r\nAda\t1\t2\r\nAda\t1\tBo\t1\r\n");
    expect(folds.map((fold) => fold.map(({ same }) => same))).toEqual([[true, false]]);
  });

  test("reads CSV with quotes", () => {
    expect(parsePairs('file_a,file_b,same\r\n"a, b.jpg",c.jpg,1\r\nc.jpg,d.jpg,FALSE\r\n')).toEqual({
      format: "csv",
      folds: [
        [
          { a: "a, b.jpg", b: "c.jpg", same: true },
          { a: "c.jpg", b: "d.jpg", same: false },
        ],
      ],
    });
  });

  test.each([
    ["", "Line 1"],
    ["a,b\n", "file_a,file_b,same"],
    ["file_a,file_b,same\n", "Line 2"],
    ["file_a,file_b,same\na.jpg,b.jpg,1\na.jpg,b.jpg,maybe\n", "Line 3"],
    ["file_a,file_b,same\na.jpg,b.jpg\n", "Line 2"],
    ["2\t1\nAda\t1\t2\n", "announces 4 pairs, 1 follow"],
    ["1\nAda\t1\t2\nAda\tone\tBo\t1\n", "Line 3"],
  ])("refuses %j and names %s", (text, named) => {
    expect(() => parsePairs(text)).toThrow(named);
  });
});

describe("accuracy", () => {
  const pairs = [pair(0.9, true), pair(0.5, true), pair(0.6, false), pair(0.1, false)];

  test("is exact at a threshold", () => {
    expect([0, 0.5, 0.55, 0.6, 0.7, 1].map((threshold) => accuracyAt(pairs, threshold).accuracy)).toEqual([
      0.5, 0.75, 0.5, 0.5, 0.75, 0.5,
    ]);
  });

  test("is best between two scores", () => {
    expect(bestAccuracy(pairs)).toEqual({ accuracy: 0.75, threshold: 0.75 });
  });

  test("no threshold comes between equal scores", () => {
    expect(bestAccuracy([pair(0.5, true), pair(0.5, false)]).accuracy).toBe(0.5);
  });

  test("counts a pair without a template as two people", () => {
    expect(accuracyAt([pair(undefined, true), pair(undefined, false)], -1).accuracy).toBe(0.5);
    expect(bestAccuracy([pair(undefined, true), pair(0.4, true), pair(0.2, false)])).toEqual({
      accuracy: 2 / 3,
      threshold: expect.closeTo(0.3, 12),
    });
  });

  test("of a fold is told at the threshold of the others", () => {
    // The first fold's threshold, 0.5, misses the second's pair of 0.45; the second's, 0.35, takes the first's 0.4 in.
    const first = [pair(0.6, true), pair(0.4, false)];
    const second = [pair(0.45, true), pair(0.25, false)];
    expect(accuracyOverFolds([first, second])).toEqual({
      accuracy: 0.5,
      standardError: 0,
      threshold: expect.closeTo(0.425, 12),
      folds: [
        { accuracy: 0.5, threshold: expect.closeTo(0.35, 12) },
        { accuracy: 0.5, threshold: 0.5 },
      ],
    });
  });
});

describe("evaluatePairs", () => {
  const genuine = Array.from({ length: 20 }, (_, i) => pair(0.5 + i / 100, true));
  const impostor = Array.from({ length: 300 }, (_, i) => pair(i / 500, false));
  const result = evaluatePairs([[...genuine, ...impostor, pair(undefined, true)]], { threshold: 0.6 });

  test("tells TMR at the rates that the impostor pairs support, and names the others", () => {
    // Three of 300 impostors may pass: 0.594, 0.596 and 0.598 lie above the threshold, and ten genuine pairs too.
    expect(result.trueMatchRates).toMatchObject([
      { falseMatchRate: 1e-2, trueMatchRate: 0.5, rates: { threshold: 0.592001, falseMatches: 3 } },
    ]);
    expect(result.unsupported).toEqual([
      { falseMatchRate: 1e-3, impostorPairs: 300, impostorPairsNeeded: 3000 },
      { falseMatchRate: 1e-4, impostorPairs: 300, impostorPairsNeeded: 30_000 },
    ]);
    const [{ interval } = { interval: undefined }] = result.trueMatchRates;
    expect(interval?.low).toBeCloseTo(1 - (interval?.high ?? 0), 12);
  });

  test("counts what could not be compared", () => {
    expect(result).toMatchObject({ pairs: 321, genuinePairs: 20, impostorPairs: 300, notCompared: 1 });
    expect(result.atThreshold).toMatchObject({ accuracy: 310 / 321, rates: { falseMatches: 0, falseNonMatches: 10 } });
    expect(result.folds).toBeUndefined();
  });

  test("refuses pairs of one kind", () => {
    expect(() => evaluatePairs([genuine])).toThrow("20 and 0");
  });
});

test("templates are compared by their cosine, and all pairs are those that can be made", () => {
  const templates = new Map([
    ["a1", Float32Array.of(1, 0)],
    ["a2", Float32Array.of(0.6, 0.8)],
    ["b1", Float32Array.of(0, 1)],
  ]);
  expect(
    scorePairs(
      [
        { a: "a1", b: "a2", same: true },
        { a: "a1", b: "gone", same: false },
      ],
      templates,
    ),
  ).toEqual([
    { a: "a1", b: "a2", same: true, similarity: expect.closeTo(0.6, 6) },
    { a: "a1", b: "gone", same: false },
  ]);
  const photos = [...templates].map(([photo, template]) => ({ photo, person: photo.slice(0, 1), template }));
  const { scores, worst } = compareAll(photos);
  expect([...scores.genuine]).toEqual([expect.closeTo(0.6, 6)]);
  expect([...scores.impostor]).toEqual([0, expect.closeTo(0.8, 6)]);
  expect(worst.impostor.map(({ a, b }) => [a, b])).toEqual([
    ["a2", "b1"],
    ["a1", "b1"],
  ]);
});
