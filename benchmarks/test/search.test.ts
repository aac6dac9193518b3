import { expect, test } from "vitest";
import { contenders } from "../search/contenders.js";
import { bruteForce, cosine, type Gallery, makeQueries, makeRows } from "../search/gallery.js";
import type { Measured } from "../search/measure.js";
import { summary } from "../search/summary.js";

const gallery: Gallery = { count: 400, dimensions: 24, data: "clustered" };
const naive = "naive JavaScript";

test.each(["index-exact", naive])("%s finds the best of float64 brute force", async (name) => {
  const rows = makeRows(gallery);
  const contender = await contenders[name]?.(gallery, rows);
  const queries = makeQueries(gallery, rows, 9);
  const found = await contender?.search(queries, 10);
  for (const [i, query] of queries.entries()) {
    const cosines = found?.[i]?.map((row) => cosine(rows, row * gallery.dimensions, query)) ?? [];
    for (const [rank, best] of bruteForce(gallery, rows, query, 10).entries())
      expect(cosines[rank]).toBeCloseTo(best, 12);
  }
});

test("the figures are medians over the runs of all rounds, beside the naive loop's", () => {
  const round = (contender: string, ...runs: number[]) => ({
    round: 0,
    contender,
    gallery,
    measured: { recall: 1, runs: { "1": runs }, registering: null } satisfies Measured,
  });
  const skipped = { round: 0, contender: "absent", gallery, measured: { skipped: "no compiler" } };
  const figures = summary([round("ours", 2, 1), round(naive, 30, 31, 29), round("ours", 9, 3, 3), skipped]);
  const shared = { ...gallery, batch: 1, recall: 1 };
  expect(figures).toEqual([
    { ...shared, contender: "ours", queryMs: 3, minMs: 1, maxMs: 9, ratioToNaive: 10 },
    { ...shared, contender: naive, queryMs: 30, minMs: 29, maxMs: 31, ratioToNaive: 1 },
    { ...gallery, contender: "absent", skipped: "no compiler" },
  ]);
});
