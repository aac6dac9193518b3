/** Writes docs/benchmarks.md and its plots from benchmarks/results: `npm run bench -- docs`. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { allResults, benchmarksPage } from "./page.js";

const folder = new URL("../../docs/", import.meta.url);
const plotFolder = new URL("benchmarks/", folder);

const { markdown, plots } = benchmarksPage(await allResults());
await rm(plotFolder, { recursive: true, force: true });
await mkdir(plotFolder, { recursive: true });
for (const [name, svg] of Object.entries(plots)) await writeFile(new URL(name, plotFolder), svg);
const page = new URL("benchmarks.md", folder);
await writeFile(page, markdown);
console.log(`Written: ${fileURLToPath(page)}`);
