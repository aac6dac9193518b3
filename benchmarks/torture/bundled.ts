import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * The path of a script of this folder as plain JavaScript, beside the packages that it imports: a loader of TypeScript
 * would take most of its short life.
 */
export async function bundled(name: string): Promise<string> {
  const folder = new URL("../node_modules/.cache/facekit-torture/", import.meta.url);
  const outfile = fileURLToPath(new URL(`${name}.mjs`, folder));
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  return outfile;
}
