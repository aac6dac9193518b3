import { expect, test } from "vitest";
import { assign } from "../src/assignment.js";
import { seeded } from "./seeded.js";

const gainOf = (gains: readonly (readonly number[])[], pairs: readonly number[]): number =>
  pairs.reduce((sum, column, row) => sum + (column < 0 ? 0 : (gains[row]?.[column] ?? 0)), 0);

/** The greatest gain over all ways to pair. */
function bruteForce(gains: readonly (readonly number[])[], row = 0, taken: ReadonlySet<number> = new Set()): number {
  const current = gains[row];
  if (current === undefined) return 0;
  let best = bruteForce(gains, row + 1, taken);
  current.forEach((gain, column) => {
    if (gain > 0 && !taken.has(column)) {
      best = Math.max(best, gain + bruteForce(gains, row + 1, new Set([...taken, column])));
    }
  });
  return best;
}

test("reaches the greatest gain, pairs each once, and never without gain", () => {
  const random = seeded(1);
  for (let round = 0; round < 400; round++) {
    const rows = Math.floor(random() * 6);
    const columns = Math.floor(random() * 6);
    const draw = (): number => {
      const kind = random();
      if (kind < 0.1) return Number.NaN;
      if (kind < 0.2) return 0;
      // Few different values make ties; some are negative.
      return round % 2 === 0 ? Math.floor(random() * 5) - 1 : random() - 0.3;
    };
    const gains = Array.from({ length: rows }, () => Array.from({ length: columns }, draw));
    const pairs = assign(gains);
    expect(pairs.length).toBe(rows);
    expect(gainOf(gains, pairs)).toBeCloseTo(bruteForce(gains), 9);
    const taken = pairs.filter((column) => column >= 0);
    expect(new Set(taken).size).toBe(taken.length);
    pairs.forEach((column, row) => {
      if (column >= 0) expect(gains[row]?.[column]).toBeGreaterThan(0);
    });
  }
});

test("gives up the best single pair for a better whole", () => {
  expect(
    assign([
      [0.9, 0.8],
      [0.85, 0],
    ]),
  ).toEqual([1, 0]);
});

test("takes rows of different lengths and empty ones", () => {
  expect(assign([])).toEqual([]);
  expect(assign([[], [1]])).toEqual([-1, 0]);
  expect(assign([[0, -1, Number.NaN]])).toEqual([-1]);
});

test("a gain that is not finite is no pair, and does not hang", () => {
  expect(
    assign([
      [Number.POSITIVE_INFINITY, 1],
      [Number.NaN, 2],
    ]),
  ).toEqual([-1, 1]);
});
