/** Compiles the kernel and writes it to generated/kernel.ts, base64 in a string: no file to find, fetch or bundle. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const options = ["--runtime", "stub", "-O3", "--noAssert", "--enable", "simd"];
const { error, stderr } = await asc.main(
  ["kernel/index.ts", "--baseDir", root, "--outFile", "kernel.wasm", ...options],
  {
    writeFile: (_name, bytes) => {
      mkdirSync(`${root}generated`, { recursive: true });
      const text = Buffer.from(bytes).toString("base64");
      writeFileSync(`${root}generated/kernel.ts`, `export const kernelBase64: string =\n  "${text}";\n`);
    },
  },
);
if (error !== null) {
  console.error(stderr.toString());
  process.exitCode = 1;
}
