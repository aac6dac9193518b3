/**
 * Writes generated/kernel.ts, the compiled kernels in base64, and generated/scan-thread.ts, the script of the threads: in
 * strings, so that there is no file to find, fetch or bundle.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
// 32,768 pages are 2 GiB, half of what can be addressed: browsers refuse larger memories.
const shared = ["--sharedMemory", "--initialMemory", "1", "--maximumMemory", "32768", "--enable", "threads"];

mkdirSync(`${root}generated`, { recursive: true });
const kernels = [await compiled([]), await compiled(shared)].map((bytes) => Buffer.from(bytes).toString("base64"));
const names = ["kernelBase64", "sharedKernelBase64"];
writeFileSync(
  `${root}generated/kernel.ts`,
  kernels.map((text, i) => `export const ${names[i]}: string =\n  "${text}";\n`).join("\n"),
);

const { outputFiles } = await build({
  entryPoints: [`${root}src/scan-thread.ts`],
  bundle: true,
  write: false,
  format: "iife",
  target: "es2022",
  minify: true,
});
const script = JSON.stringify(outputFiles[0]?.text ?? "");
writeFileSync(`${root}generated/scan-thread.ts`, `export const scanThreadScript: string =\n  ${script};\n`);

async function compiled(memory) {
  let bytes = new Uint8Array();
  const options = ["--runtime", "stub", "-O3", "--noAssert", "--enable", "simd", "--importMemory", ...memory];
  const { error, stderr } = await asc.main(
    ["kernel/index.ts", "--baseDir", root, "--outFile", "kernel.wasm", ...options],
    {
      writeFile: (_name, contents) => {
        bytes = contents;
      },
    },
  );
  if (error !== null) throw new Error(stderr.toString());
  return bytes;
}
