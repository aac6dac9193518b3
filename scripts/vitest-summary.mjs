/** A vitest reporter that writes the true counts, and why each skipped test was skipped, to $FACEKIT_TEST_SUMMARY. */
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
        else summary.skipped.push({ file: module.relativeModuleId, test: test.fullName, reason: note ?? "" });
      }
      // A file that does not even load has no failed test, yet it failed.
      summary.failed += module.state() === "failed" ? Math.max(1, failedInModule) : failedInModule;
    }
    writeFileSync(process.env.FACEKIT_TEST_SUMMARY, JSON.stringify(summary));
  }
}
