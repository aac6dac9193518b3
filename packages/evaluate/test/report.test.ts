import { expect, test } from "vitest";
import { ascending } from "../src/index.js";
import { detPlot, histogramPlot, reportHtml } from "../src/report.js";

const scores = {
  genuine: ascending(Array.from({ length: 200 }, (_, i) => 0.4 + i / 400)),
  impostor: ascending(Array.from({ length: 400 }, (_, i) => i / 800)),
};
const names = { genuine: "one person", impostor: "two people" };

test("plots are static drawings with what they show written on them", () => {
  const histogram = histogramPlot({ scores, names, threshold: 0.45 });
  for (const text of ["one person", "two people", "threshold 0.4500", "similarity"]) expect(histogram).toContain(text);
  const det = detPlot({ scores, falsePositives: "FMR", falseNegatives: "FNMR", threshold: 0.45 });
  for (const text of ["FMR", "FNMR", "threshold 0.4500", "10 %"]) expect(det).toContain(text);
  for (const plot of [histogram, det]) {
    expect(plot).toMatch(/<svg[^>]+viewBox/);
    expect(plot).not.toMatch(/NaN|Infinity|<script/);
  }
});

test("few scores are drawn in few bars", () => {
  const few = { genuine: scores.genuine.slice(0, 30), impostor: scores.impostor };
  const bars = (plot: string): number => plot.match(/<rect/g)?.length ?? 0;
  expect(bars(histogramPlot({ scores: few, names }))).toBeLessThan(bars(histogramPlot({ scores, names })));
});

test("plots hold when a search found another member, or nothing errs", () => {
  const missed = ascending([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.9]);
  const apart = { genuine: missed, impostor: ascending([0.1, 0.2]) };
  expect(histogramPlot({ scores: apart, names })).not.toMatch(/NaN|Infinity/);
  const perfect = { genuine: ascending([0.9, 0.8]), impostor: ascending([0.1, 0.2]) };
  expect(detPlot({ scores: perfect, falsePositives: "FMR", falseNegatives: "FNMR", threshold: 0.5 })).not.toMatch(
    /NaN/,
  );
});

test("whatever a file is called stays text", () => {
  const hostile = "</title></style></pre><script>alert(1)</script>";
  const photos = [{ name: hostile, image: "data:image/jpeg;base64,AAAA" }];
  const page = reportHtml({
    title: hostile,
    text: hostile,
    figures: [[hostile, "1", hostile]],
    sections: [{ title: hostile, text: hostile, code: hostile, cases: [{ text: hostile, photos }] }],
  });
  expect(page).not.toContain("<script");
  expect(page.match(/<img /g)).toHaveLength(1);
  expect(page).toContain("&lt;script");
  expect(page).toMatch(/^<!DOCTYPE html>/);
});
