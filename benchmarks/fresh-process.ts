import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { reasonOf, type Skipped } from "./skipped.js";

interface ProcessOptions {
  /** A process that takes longer is ended, and its contender skipped. Default: ten minutes. */
  readonly timeoutMs?: number;
  /** Whether the script is TypeScript. Default true. */
  readonly typescript?: boolean;
}

/**
 * Runs a script in a process of its own with the task as its argument. The last line of its stdout is the
 * result. A process that fails or takes too long is a contender skipped, with the reason.
 */
export async function inFreshProcess<Result>(
  script: URL,
  task: unknown,
  { timeoutMs = 600_000, typescript = true }: ProcessOptions = {},
): Promise<Result | Skipped> {
  const loader = typescript ? ["--import", import.meta.resolve("tsx")] : [];
  const args = [...loader, fileURLToPath(script), JSON.stringify(task)];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26, timeout: timeoutMs });
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  } catch (error) {
    return { skipped: reasonOf(error) };
  }
}

/** Every other round in reversed order, so that nobody is always first. */
export function inTurn<Contender>(contenders: readonly Contender[], round: number): Contender[] {
  return round % 2 === 0 ? [...contenders] : [...contenders].reverse();
}
