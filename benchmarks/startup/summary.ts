import type { Machine } from "../machine.js";
import { rounded } from "../results.js";
import { isSkipped, type Skipped } from "../skipped.js";
import { median } from "../statistics.js";
import type { FirstAnswer } from "./first-answer.js";

export interface StartupRound {
  readonly round: number;
  readonly contender: string;
  readonly measured: FirstAnswer | Skipped;
}

/** Milliseconds from the start of the process. */
export interface StartupFigures {
  readonly contender: string;
  /** Until it is imported and its models are loaded. */
  readonly readyMs: number;
  /** Until the first photo is answered. */
  readonly firstAnswerMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Resident memory of the process after that. */
  readonly memoryMiB: number;
}

export function startupSummary(
  rounds: readonly StartupRound[],
): (StartupFigures | (Skipped & { readonly contender: string }))[] {
  return [...new Set(rounds.map(({ contender }) => contender))].map((contender) => {
    const all = rounds.filter((round) => round.contender === contender).map(({ measured }) => measured);
    const measured = all.flatMap((each) => (isSkipped(each) ? [] : [each]));
    if (measured.length === 0) return { contender, skipped: all.filter(isSkipped)[0]?.skipped ?? "" };
    const answered = measured.map(({ answeredMs }) => answeredMs);
    return {
      contender,
      readyMs: rounded(median(measured.map(({ readyMs }) => readyMs))),
      firstAnswerMs: rounded(median(answered)),
      minMs: rounded(Math.min(...answered)),
      maxMs: rounded(Math.max(...answered)),
      memoryMiB: rounded(median(measured.map(({ memoryMiB }) => memoryMiB))),
    };
  });
}

export function startupTable({ processor, cores, node }: Machine, figures: ReturnType<typeof startupSummary>): string {
  const lines = [`${processor}, ${cores} cores, Node ${node}; milliseconds to the first answer: median (min–max)`];
  for (const each of figures) {
    if (isSkipped(each)) lines.push(`${each.contender}: skipped: ${each.skipped}`);
    else {
      const { contender, readyMs, firstAnswerMs, minMs, maxMs, memoryMiB } = each;
      lines.push(`${contender}: ${firstAnswerMs} (${minMs}–${maxMs}), ready after ${readyMs}, ${memoryMiB} MiB`);
    }
  }
  return lines.join("\n");
}
