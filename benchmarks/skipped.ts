import { homedir } from "node:os";
import { fileURLToPath } from "node:url";

/** A contender that could not be measured here, and why. */
export interface Skipped {
  readonly skipped: string;
}

export function isSkipped(result: object): result is Skipped {
  return "skipped" in result;
}

/** Those that were measured. */
export function measuredOf<Result extends object>(results: readonly Result[]): Exclude<Result, Skipped>[] {
  return results.filter((result): result is Exclude<Result, Skipped> => !isSkipped(result));
}

/** One line. Folders of this machine are left out: results are published. */
export function reasonOf(error: unknown): string {
  const lines = textOf(error).split("\n");
  // Of a process that ended with a stack trace, the line that names the error.
  const named = lines.find((line) => /^(?:\w*Error|\w+Exception)\b.*:/.test(line.trim()));
  const line = named ?? lines.find((each) => each.trim() !== "") ?? "it failed and did not say why";
  const here = fileURLToPath(new URL("..", import.meta.url));
  const said = line.trim().replace(/^(?:Error|RuntimeError): /, "");
  return said.replaceAll(here, "").replaceAll(homedir(), "~").slice(0, 300);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("killed" in error && error.killed === true) return "it took too long";
  if ("signal" in error && typeof error.signal === "string") return `its process was ended by ${error.signal}`;
  return "stderr" in error && typeof error.stderr === "string" && error.stderr !== "" ? error.stderr : error.message;
}
