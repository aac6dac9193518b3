/** Writes docs/benchmarks.md with its plots, and the tables of docs/stores.md: `npm run bench -- docs`. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { allResults, benchmarksPage } from "./page.js";
import { storesPage, storesResults } from "./stores.js";

const folder = new URL("../../docs/", import.meta.url);
const plotFolder = new URL("benchmarks/", folder);

const { markdown, plots } = benchmarksPage(await allResults());
await rm(plotFolder, { recursive: true, force: true });
await mkdir(plotFolder, { recursive: true });
for (const [name, svg] of Object.entries(plots)) await writeFile(new URL(name, plotFolder), svg);
const page = new URL("benchmarks.md", folder);
await writeFile(page, markdown);
const stores = new URL("stores.md", folder);
await writeFile(stores, storesPage(await readFile(stores, "utf8"), await storesResults()));
for (const written of [page, stores]) console.log(`Written: ${fileURLToPath(written)}`);
