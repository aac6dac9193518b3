/** A vitest reporter that writes the true counts, and what was skipped and why, to $FACEKIT_TEST_SUMMARY. */
import { writeFileSync } from "node:fs";

export default class Summary {
  onTestRunEnd(modules, errors) {
    const summary = { passed: 0, failed: errors.length, skipped: [] };
    for (const module of modules) {
      let failedInModule = 0;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === "passed") summary.passed++;
        else if (state === "failed") failedInModule++;
        else summary.skipped.push(describe(module, test, note));
      }
      // A file that does not even load has no failed test, yet it failed.
      summary.failed += module.state() === "failed" ? Math.max(1, failedInModule) : failedInModule;
    }
    writeFileSync(process.env.FACEKIT_TEST_SUMMARY, JSON.stringify(summary));
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
