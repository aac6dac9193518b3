/**
 * Installs and builds the workspace from a bare clone; needs Node and npm only. Does nothing when nothing changed.
 *
 *   node scripts/setup.mjs [--quiet] [--force]
 *
 * --quiet prints one line per step, and a step's output only when it fails. --force does everything again.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const quiet = process.argv.includes("--quiet");
const force = process.argv.includes("--force");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

checkNode(manifest.engines.node.replace(">=", ""));

const stampFile = join(root, "node_modules", ".facekit-setup");
const wanted = {
  install: hash(["pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", ...manifests()]) + process.version,
  build: hash(["tsconfig.base.json", ...buildInputs()]),
};
const done = force ? {} : readStamp();
const steps = [];
if (done.install !== wanted.install) steps.push(["Installing packages", ["install", "--frozen-lockfile"]]);
if (steps.length > 0 || done.build !== wanted.build || !built()) {
  steps.push(["Building packages", ["-r", "--workspace-concurrency=2", "run", "build"]]);
}
for (const [title, args] of steps) runPnpm(title, args);
if (steps.length > 0) writeFileSync(stampFile, JSON.stringify(wanted));

function checkNode(least) {
  const [major, minor] = least.split(".").map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  console.error(`Facekit needs Node ${least} or newer; this is Node ${process.versions.node}. Install a newer Node.`);
  process.exit(1);
}

/** npx fetches the very pnpm that package.json names, so that nobody has to install it. */
function runPnpm(title, args) {
  const started = Date.now();
  console.log(`${title} …`);
  const windows = process.platform === "win32";
  const result = spawnSync("npx", ["--yes", manifest.packageManager, ...args], {
    cwd: root,
    // Without a terminal pnpm would refuse to replace an outdated node_modules.
    env: { ...process.env, CI: "true" },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    shell: windows,
  });
  if (result.status === 0) {
    console.log(`${title}: done in ${Math.round((Date.now() - started) / 1000)} s`);
    return;
  }
  if (quiet) process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  console.error(`${title} failed${result.error ? `: ${result.error.message}` : ""}. The output above says why.`);
  process.exit(1);
}

function folders() {
  return ["packages", "examples"].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`),
  );
}

function manifests() {
  const all = ["package.json", "benchmarks/package.json", ...folders().map((folder) => `${folder}/package.json`)];
  return all.filter((file) => existsSync(join(root, file)));
}

function packages() {
  return folders().filter((folder) => existsSync(join(root, folder, "tsup.config.ts")));
}

/** Everything that a package's build reads. */
function buildInputs() {
  return packages().flatMap((folder) => [
    `${folder}/package.json`,
    `${folder}/tsup.config.ts`,
    `${folder}/tsconfig.json`,
    ...["src", "convert", "kernel"].flatMap((part) => filesUnder(`${folder}/${part}`)),
  ]);
}

function built() {
  return packages().every((folder) => existsSync(join(root, folder, "dist")));
}

function filesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
    .sort();
}

function hash(files) {
  const all = createHash("sha256");
  for (const file of files) all.update(`${file}\0`).update(readFileSync(join(root, file)));
  return all.digest("hex");
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}
