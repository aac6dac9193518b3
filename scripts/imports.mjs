/** Who may import whom: docs/architecture.md as a check. Prints what breaks it and exits with 1. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../packages", import.meta.url));

/** `@facekit/*` packages that each package may depend on. Tests may use more. */
const mayImport = {
  core: [],
  "index-exact": ["core"],
  "index-hnsw": ["core", "index-exact"],
  models: ["core"],
  onnx: ["core", "models"],
  "store-sql": ["core"],
  "store-mongodb": ["core"],
  "store-cloudinary": ["core"],
  "store-pgvector": ["core", "store-sql"],
  "members-http": ["core"],
  aws: ["core"],
  rekognition: ["core", "aws"],
  "members-dynamodb": ["core", "aws"],
  conformance: ["core"],
  evaluate: ["core"],
  "drawn-people": [],
  node: ["core", "onnx", "models", "index-exact", "index-hnsw", "store-sql"],
  cli: ["core", "node", "models", "members-http", "evaluate", "drawn-people"],
};
/** These run in browsers too. */
const withoutNode = ["core", "index-exact", "onnx", "evaluate"];

const problems = [];
for (const name of readdirSync(packages)) {
  const allowed = mayImport[name];
  if (allowed === undefined) {
    problems.push(`packages/${name} is not listed in scripts/imports.mjs: say there what it may import.`);
    continue;
  }
  const manifest = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
  const dependencies = Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  });
  if (name === "core" && dependencies.length > 0) problems.push(`core has dependencies: ${dependencies.join(", ")}.`);
  for (const [file, specifier] of importsOf(name)) {
    const other = /^@facekit\/([^/]+)/.exec(specifier)?.[1];
    if (other !== undefined && !allowed.includes(other)) problems.push(`${file} imports ${specifier}.`);
    if (name === "core" && !specifier.startsWith("."))
      problems.push(`${file} imports ${specifier}; core has no one below it.`);
    if (withoutNode.includes(name) && isBuiltin(specifier)) problems.push(`${file} imports Node's ${specifier}.`);
    if (/(^|\/)packages\//.test(specifier)) problems.push(`${file} imports ${specifier} by its folder.`);
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function isBuiltin(specifier) {
  return specifier.startsWith("node:") || builtinModules.includes(specifier.split("/")[0]);
}

function* importsOf(name) {
  const source = join(packages, name, "src");
  if (!existsSync(source)) return;
  for (const entry of readdirSync(source, { recursive: true })) {
    if (!entry.endsWith(".ts")) continue;
    const text = readFileSync(join(source, entry), "utf8");
    for (const [, specifier] of text.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
      yield [`packages/${name}/src/${entry}`, specifier];
    }
  }
}
