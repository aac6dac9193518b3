import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import { type Machine, thisMachine } from "./machine.js";

export interface Results {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly date: string;
  /** Short hash of what was measured, with a `+` where the tree differed from it. */
  readonly commit?: string;
  /** How many processes wanted a core, as a mean of the minute before: above 0.5 something else was running. */
  readonly loadBefore?: number;
}

const folder = new URL("results/", import.meta.url);

/** Call it before anything is measured. The function that it returns may be called again as more rounds are done. */
export function resultsKeeper(name: string): (figures: object) => Promise<void> {
  const head = { machine: thisMachine(), commit: commitOf(), loadBefore: os.loadavg()[0] };
  return async (figures) => {
    const results = { ...head, date: new Date().toISOString(), ...figures };
    await mkdir(folder, { recursive: true });
    await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(results, round4)}\n`);
  };
}

/** What was kept last, or undefined where nothing was. */
export async function readResults<Figures>(name: string): Promise<(Results & Figures) | undefined> {
  const file = new URL(`${name}.json`, folder);
  return existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : undefined;
}

/** To four significant digits: more is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function round4(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toFixed(4)) : value;
}

function commitOf(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: new URL("..", import.meta.url), encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "packages", "benchmarks", ":!benchmarks/results");
    return `${git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : "+"}`;
  } catch {
    // An archive without its history.
    return undefined;
  }
}
