import { expect, test } from "vitest";
import { contenders } from "../search/contenders.js";
import { crossovers } from "../search/crossover.js";
import { bruteForce, cosine, type Gallery, makeQueries, makeRows } from "../search/gallery.js";
import type { Measured } from "../search/measure.js";
import { type SearchFigures, summary } from "../search/summary.js";

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
    measured: { recall: 1, runs: { "1": runs }, registering: null, buildMs: 7 } satisfies Measured,
  });
  const skipped = { round: 0, contender: "absent", gallery, measured: { skipped: "no compiler" } };
  const figures = summary([round("ours", 2, 1), round(naive, 30, 31, 29), round("ours", 9, 3, 3), skipped]);
  const shared = { ...gallery, batch: 1, recall: 1, buildMs: 7 };
  expect(figures).toEqual([
    { ...shared, contender: "ours", queryMs: 3, minMs: 1, maxMs: 9, ratioToNaive: 10 },
    { ...shared, contender: naive, queryMs: 30, minMs: 29, maxMs: 31, ratioToNaive: 1 },
    { ...gallery, contender: "absent", skipped: "no compiler" },
  ]);
});

test("the crossover is where the lines through both indexes' times meet", () => {
  const figure = (contender: string, count: number, queryMs: number): SearchFigures => ({
    ...{ contender, count, dimensions: 128, batch: 1, queryMs, minMs: queryMs, maxMs: queryMs },
    ...{ data: "clustered", recall: 1, ratioToNaive: 1 },
  });
  const sizes = [10_000, 20_000, 40_000];
  const exact = sizes.map((count) => figure("index-exact", count, 0.05 + 1e-5 * count));
  const graph = (share: number) => sizes.map((count) => figure("index-hnsw", count, share * Math.log(count)));
  const [found] = crossovers([...exact, ...graph(0.1)]);
  const at = found?.templates ?? 0;
  expect(0.05 + 1e-5 * at).toBeCloseTo(0.1 * Math.log(at), 2);
  expect(at).toBeGreaterThan(100_000);
  // A graph whose searches take longer and longer is never the faster one.
  expect(crossovers([...exact, ...graph(1e3)])).toMatchObject([{ dimensions: 128 }]);
  expect(crossovers([...exact, ...graph(1e3)])[0]).not.toHaveProperty("templates");
  expect(crossovers(exact)).toEqual([]);
});
