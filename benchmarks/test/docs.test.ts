import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { shown } from "../docs/bars.js";
import { allResults, benchmarksPage } from "../docs/page.js";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

test("docs/benchmarks.md and its plots are what `npm run bench -- docs` makes of the results", async () => {
  const { markdown, plots } = benchmarksPage(await allResults());
  expect(await readFile(`${docs}benchmarks.md`, "utf8")).toBe(markdown);
  expect((await readdir(`${docs}benchmarks`)).sort()).toEqual(Object.keys(plots).sort());
  for (const [name, svg] of Object.entries(plots)) {
    expect(await readFile(`${docs}benchmarks/${name}`, "utf8")).toBe(svg);
  }
});

test("a contender that was not measured is told with its reason", () => {
  const machine = { processor: "P", cores: 2, memoryGiB: 8, system: "linux x64", node: "v20" };
  const { markdown, plots } = benchmarksPage({
    startup: {
      machine,
      date: "2026-01-02T03:04:05Z",
      commit: "abc1234",
      startup: [
        { contender: "facekit bundled", readyMs: 1, firstAnswerMs: 1234.5, minMs: 1200, maxMs: 1300, memoryMiB: 90 },
        { contender: "human wasm", skipped: "no such | package" },
      ],
    },
  });
  expect(markdown).toContain("Measured on 2026-01-02 at commit `abc1234`: P, 2 cores, 8 GiB, linux x64, Node v20.");
  expect(markdown).toContain("| facekit bundled | 1,230 (1,200–1,300) | 1 | 90 |");
  expect(markdown).toContain("- human wasm: no such | package");
  expect(Object.keys(plots)).toEqual(["startup.svg"]);
  expect(plots["startup.svg"]).toContain("facekit bundled");
});

test("figures have three significant digits", () => {
  expect([0.012345, 1.2345, 999.9, 1234567].map(shown)).toEqual(["0.0123", "1.23", "1,000", "1,230,000"]);
});
