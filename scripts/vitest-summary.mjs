/**
 * A vitest reporter that writes the true counts, and what was skipped and why, to $FACEKIT_TEST_SUMMARY; and, where
 * FACEKIT_CONFORMANCE_RESULTS is set, how each adapter did in the conformance suites to benchmarks/results.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The names of the suites' tests begin so. */
const suites = /^(FaceRecords|MemberSource|VisitLog|VectorIndex|VectorStore)[:,]/;
/** Engines that run in this process, by the package that has them. */
const engines = { libsql: "store-sql", "@electric-sql/pglite": "store-sql", "hnswlib-node": "index-hnsw" };

export default class Summary {
  onTestRunEnd(modules, errors) {
    const summary = { passed: 0, failed: errors.length, skipped: [] };
    const conformance = {};
    for (const module of modules) {
      let failedInModule = 0;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === "passed") summary.passed++;
        else if (state === "failed") failedInModule++;
        else summary.skipped.push(describe(module, test, note));
        const [, suite] = suites.exec(test.name) ?? [];
        if (suite === undefined) continue;
        conformance[module.relativeModuleId] ??= {};
        conformance[module.relativeModuleId][suite] ??= { passed: 0, failed: 0, skipped: 0 };
        conformance[module.relativeModuleId][suite][state === "passed" || state === "failed" ? state : "skipped"]++;
      }
      // A file that does not even load has no failed test, yet it failed.
      summary.failed += module.state() === "failed" ? Math.max(1, failedInModule) : failedInModule;
    }
    if (process.env.FACEKIT_TEST_SUMMARY) writeFileSync(process.env.FACEKIT_TEST_SUMMARY, JSON.stringify(summary));
    if (process.env.FACEKIT_CONFORMANCE_RESULTS) keepConformance(conformance);
  }
}

/** Of a suite that is skipped whole, the suite's name. The reason is part of the name, or the note of `context.skip`. */
function describe(module, test, note) {
  let skipped = test;
  for (let suite = test.parent; suite.type === "suite"; suite = suite.parent) {
    if (suite.state() === "skipped") skipped = suite;
  }
  return `${module.relativeModuleId}: ${skipped.fullName}${note ? ` (${note})` : ""}`;
}

function keepConformance(modules) {
  const root = new URL("..", import.meta.url);
  const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", "packages", "scripts") === "" ? "" : "+";
  const commit = `${git("rev-parse", "--short", "HEAD")}${changed}`;
  const versions = Object.entries(engines).flatMap(([name, owner]) => {
    try {
      const require = createRequire(new URL(`packages/${owner}/package.json`, root));
      const entry = require.resolve(name);
      const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}/`.length);
      return [[name, JSON.parse(readFileSync(`${folder}package.json`, "utf8")).version]];
    } catch {
      return [];
    }
  });
  const results = {
    date: new Date().toISOString(),
    commit,
    node: process.version,
    servers: JSON.parse(process.env.FACEKIT_SERVERS ?? "{}"),
    engines: Object.fromEntries(versions),
    modules: Object.fromEntries(Object.entries(modules).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  writeFileSync(new URL("benchmarks/results/conformance.json", root), `${JSON.stringify(results)}\n`);
}
