/**
 * Vitest's global setup: one temporary folder for the whole run, which goes with all that tests, their processes and the
 * libraries in them leave there. ONNX Runtime, for one, leaves an empty mat-debug-<pid>.log for each process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup() {
  const folder = mkdtempSync(join(tmpdir(), "facekit-tests-"));
  for (const variable of ["TMPDIR", "TMP", "TEMP"]) process.env[variable] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
