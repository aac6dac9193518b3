import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder of the virtual environment that holds the peers written in Python. */
export function pythonDirectory(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return process.env.FACEKIT_BENCH_PYTHON ?? join(cache, "facekit", "benchmarks-python");
}

/** Its interpreter. Throws where it is not there, with the command that brings it. */
export function pythonInterpreter(): string {
  const inside = process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
  const interpreter = join(pythonDirectory(), ...inside);
  if (existsSync(interpreter)) return interpreter;
  throw new Error("its Python packages are not here: npm run bench -- python");
}
