/** Runs a benchmark on its sources: `npm run bench -- search [arguments]`. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const benchmarks = readdirSync(join(root, "benchmarks")).filter((name) =>
  existsSync(join(root, "benchmarks", name, "main.ts")),
);
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !benchmarks.includes(name)) {
  console.error(`Which benchmark? npm run bench -- ${benchmarks.join("|")} [arguments]`);
  process.exit(2);
}
const quietly = [join(root, "scripts/setup.mjs"), "--quiet"];
const setup = spawnSync(process.execPath, quietly, { stdio: ["ignore", "inherit", "inherit"] });
if (setup.status !== 0) process.exit(setup.status ?? 1);
const tsx = import.meta.resolve("tsx");
const run = spawnSync(process.execPath, ["--import", tsx, join(root, "benchmarks", name, "main.ts"), ...args], {
  // Paths are meant as they were typed, wherever npm was started.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: "inherit",
});
process.exitCode = run.status ?? 1;
