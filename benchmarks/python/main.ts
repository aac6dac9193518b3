/**
 * Brings the peers written in Python: `npm run bench -- python [DIR]` makes a virtual environment in DIR, else in the
 * folder that FACEKIT_BENCH_PYTHON names, else in the user's cache, and installs requirements.txt there.
 * It wants Python 3.11 to 3.13 as `python3`, or as FACEKIT_PYTHON names it, and takes about 1 GB.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonDirectory, pythonInterpreter } from "./environment.js";

const [directory] = process.argv.slice(2);
if (directory !== undefined) process.env.FACEKIT_BENCH_PYTHON = resolve(directory);
const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));

try {
  run(process.env.FACEKIT_PYTHON ?? "python3", "-m", "venv", pythonDirectory());
  run(
    pythonInterpreter(),
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "-r",
    requirements,
  );
} catch {
  // What failed has said so itself.
  process.exit(1);
}
const exported =
  process.env.FACEKIT_BENCH_PYTHON === undefined ? "" : `: export FACEKIT_BENCH_PYTHON=${pythonDirectory()}`;
console.log(`The Python peers are in ${pythonDirectory()}${exported}`);

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: "inherit" });
}
