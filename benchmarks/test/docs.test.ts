import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { shown } from "../docs/bars.js";
import { allResults, benchmarksPage } from "../docs/page.js";
import { storesPage, storesResults } from "../docs/stores.js";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

test("docs/benchmarks.md and its plots are what `npm run bench -- docs` makes of the results", async () => {
  const { markdown, plots } = benchmarksPage(await allResults());
  expect(await readFile(`${docs}benchmarks.md`, "utf8")).toBe(markdown);
  expect((await readdir(`${docs}benchmarks`)).sort()).toEqual(Object.keys(plots).sort());
  for (const [name, svg] of Object.entries(plots)) {
    expect(await readFile(`${docs}benchmarks/${name}`, "utf8")).toBe(svg);
  }
});

test("the tables of docs/stores.md are those of `npm run bench -- docs`, and the rest stays as it was written", async () => {
  const page = await readFile(`${docs}stores.md`, "utf8");
  expect(storesPage(page, await storesResults())).toBe(page);
  const nothing = storesPage(page, { conformance: undefined, store: [], storeMeasuredOn: "never" });
  expect(nothing).toContain("were not run");
  expect(nothing.split("<!--")[0]).toBe(page.split("<!--")[0]);
  expect(nothing.split("-->").at(-1)).toBe(page.split("-->").at(-1));
});

test("a store is told with the version that it was tested on, and not where its tests were skipped", () => {
  const page = storesPage(
    "<!-- Made by `npm run bench -- docs` from benchmarks/results; do not edit it. --><!-- End of what is made. -->",
    {
      conformance: {
        date: "2026-01-02T03:04:05Z",
        commit: "abc1234",
        node: "v20.0.0",
        servers: { mariadb: "MariaDB 10.11.1" },
        engines: { libsql: "0.5.1" },
        modules: {
          "packages/store-sql/test/sqlite.test.ts": {
            FaceRecords: { passed: 5, failed: 1, skipped: 0 },
            VisitLog: { passed: 2, failed: 0, skipped: 1 },
          },
          "packages/store-sql/test/mariadb.test.ts": { FaceRecords: { passed: 9, failed: 0, skipped: 0 } },
          "packages/store-sql/test/postgres.test.ts": { FaceRecords: { passed: 0, failed: 0, skipped: 9 } },
        },
      },
      store: [
        { backend: "sqlite", dimensions: 512, batch: 1, perSecond: 2000, minPerSecond: 1, maxPerSecond: 3000 },
        { backend: "mongodb", skipped: "no server" },
      ],
      storeMeasuredOn: "a machine",
    },
  );
  const rowOf = (title: string): string[] => page.split("\n").filter((line) => line.startsWith(`| ${title} |`));
  expect(rowOf("SQLite")[0]).toMatch(/\| libsql 0\.5\.1 \| 7 \| 1 \| 1 \|$/);
  expect(rowOf("SQLite")[1]).toContain("| 0.5 | 2,000 |");
  expect(rowOf("MariaDB, MySQL")[0]).toMatch(/\| MariaDB 10\.11\.1 \| 9 \| 0 \| 0 \|$/);
  expect(rowOf("PostgreSQL")[0]).toMatch(/\| not tested there \| 0 \| 0 \| 9 \|$/);
  expect(page).toContain("- mongodb: no server");
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
