/** Writes generated/graph-thread.ts, the script of the threads, in a string: so that there is no file to find or bundle. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL("./", import.meta.url));
const { outputFiles } = await build({
  entryPoints: [`${here}src/graph-thread.ts`],
  bundle: true,
  write: false,
  format: "cjs",
  platform: "node",
  target: "es2022",
  minify: true,
});
mkdirSync(`${here}generated`, { recursive: true });
const script = JSON.stringify(outputFiles[0]?.text ?? "");
writeFileSync(`${here}generated/graph-thread.ts`, `export const graphThreadScript: string =\n  ${script};\n`);
