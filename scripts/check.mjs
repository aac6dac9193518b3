/**
 * Everything a change must pass, in order, up to the first failure. The last line counts vitest's tests and, as one
 * test each, the checks around them: `N passed, N failed, N skipped`.
 *
 *   node scripts/check.mjs
 *
 * Wants a built workspace; `npm test` sees to that.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "facekit-check-"));
const total = { passed: 0, failed: 0, skipped: [] };

const checks = [
  ["Lint and format (npm run format mends what it can)", () => tool("@biomejs/biome", "biome", ["check", "."])],
  ...projects().map((project) => [`Types of ${project}`, () => tool("typescript", "tsc", ["-p", project])]),
  ["Who imports whom", () => node([join(root, "scripts/imports.mjs")])],
  ["Tests", runTests],
  ...publicPackages().map((folder) => [`The packed ${folder}`, () => checkPacked(folder)]),
  ["Unused files, exports and dependencies", () => tool("knip", "knip", [])],
  ["API reference", () => tool("typedoc", "typedoc", ["--logLevel", "Warn"])],
];

try {
  for (const [index, [title, run]] of checks.entries()) {
    if (run()) {
      // The tests have counted themselves.
      if (run !== runTests) total.passed++;
      console.log(`✓ ${title}`);
      continue;
    }
    if (run !== runTests) total.failed++;
    console.error(`\n✗ ${title}: failed. Its output is above.`);
    const rest = checks.length - index - 1;
    if (rest > 0) console.error(`  ${rest} later ${rest === 1 ? "check was" : "checks were"} not run.`);
    break;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (total.skipped.length > 0) {
  console.log("\nSkipped:");
  for (const what of new Set(total.skipped)) {
    const count = total.skipped.filter((other) => other === what).length;
    console.log(`  ${what}${count > 1 ? `: ${count} tests` : ""}`);
  }
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

function projects() {
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  const all = [...packages, "examples", "benchmarks"];
  return all.filter((folder) => existsSync(join(root, folder, "tsconfig.json")));
}

function publicPackages() {
  const all = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return all.filter((folder) => !JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")).private);
}

function runTests() {
  const summaryFile = join(scratch, "tests.json");
  const reporters = ["--reporter=dot", `--reporter=${join(root, "scripts/vitest-summary.mjs")}`];
  // A log holds dots, not escape codes.
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  const passed = tool("vitest", "vitest", ["run", ...reporters], { FACEKIT_TEST_SUMMARY: summaryFile, ...plain });
  if (!existsSync(summaryFile)) {
    total.failed++;
    return false;
  }
  const summary = JSON.parse(readFileSync(summaryFile, "utf8"));
  total.passed += summary.passed;
  total.failed += passed ? summary.failed : Math.max(1, summary.failed);
  total.skipped.push(...summary.skipped);
  return passed;
}

/** Looks at the tarball that a user would get: does everything in it resolve, with types? */
function checkPacked(folder) {
  const packed = spawnSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch], {
    cwd: join(root, folder),
    env: { ...process.env, npm_config_update_notifier: "false" },
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (packed.status !== 0) return false;
  const tarball = join(scratch, readdirSync(scratch).find((file) => file.endsWith(".tgz")) ?? "");
  const fine =
    tool("publint", "publint", [tarball, "--strict"], {}, "on-failure") &&
    tool("@arethetypeswrong/cli", "attw", [tarball, "--profile", "esm-only"], {}, "on-failure");
  rmSync(tarball);
  return fine;
}

function tool(packageName, bin, args, env = {}, output = "always") {
  const manifest = join(root, "node_modules", packageName, "package.json");
  const { bin: bins } = JSON.parse(readFileSync(manifest, "utf8"));
  const script = join(dirname(manifest), typeof bins === "string" ? bins : bins[bin]);
  return node([script, ...args], env, output);
}

function node(args, env = {}, output = "always") {
  const shown = output === "always";
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", shown ? "inherit" : "pipe", shown ? "inherit" : "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!shown && result.status !== 0) process.stderr.write(`${result.stdout}${result.stderr}`);
  return result.status === 0;
}
