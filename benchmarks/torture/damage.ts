import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Damage, Damaged } from "@facekit/conformance/faults";
import { bundled } from "./bundled.js";

export interface DamageResult {
  readonly store: string;
  readonly damages: number;
  /** Answered as if nothing had happened: to bytes that hold nothing, for example. */
  readonly right: number;
  readonly refused: number;
  /** Answers that were wrong without a word, and errors without a type. */
  readonly wrong: number;
  /** Ends of the process. */
  readonly crashes: number;
}

/** What a reader is told, as its argument. */
export interface ReaderTask {
  readonly backend: string;
  readonly kind: Damage["kind"];
  readonly places?: number;
  readonly skip: number;
}

/**
 * A bit of every byte of a small store is flipped, and its files are cut at every length, one after the other, in a
 * process that may die of it. `places` takes so many places of each file instead.
 */
export async function damage(
  backend: string,
  places: number | undefined,
): Promise<DamageResult & { readonly faults: readonly string[] }> {
  const script = await bundled("damaged-reader");
  const sums = { damages: 0, right: 0, refused: 0, wrong: 0, crashes: 0 };
  const faults: string[] = [];
  for (const kind of ["bit flip", "truncation"] as const) {
    let skip = 0;
    for (let ended = false; !ended; ) {
      const task: ReaderTask = { backend, kind, skip, ...(places !== undefined && { places }) };
      ended = await read(script, task, ({ number, damage: { file, offset }, outcome, why }) => {
        skip = number + 1;
        sums.damages++;
        sums[outcome]++;
        if (outcome === "wrong") faults.push(`${kind} at ${offset} of ${file}: ${why}`);
        if (sums.damages % 2000 === 0) process.stderr.write(`${sums.damages} damages, ${faults.length} faults\n`);
      });
      if (ended) break;
      sums.damages++;
      sums.crashes++;
      faults.push(`${kind}, place ${skip}: the process ended`);
      skip++;
    }
  }
  if (sums.damages === 0) throw new Error(`"${backend}" left no file that could be damaged`);
  return { store: backend, ...sums, faults };
}

/** Whether the reader came to its end. Rejects where it did not even begin. */
function read(script: string, task: ReaderTask, onDamaged: (damaged: Damaged) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ["ignore", "pipe", "pipe"] });
    let begun = false;
    let said = "";
    child.stderr.on("data", (data) => {
      said = `${said}${data}`.slice(-2000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (begun) onDamaged(JSON.parse(line));
      begun = true;
    });
    child.once("close", (status) => {
      if (begun) resolve(status === 0);
      else reject(new Error(`the reader did not begin: ${said}`));
    });
  });
}
