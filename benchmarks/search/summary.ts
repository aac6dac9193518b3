import type { Machine } from "../machine.js";
import { rounded } from "../results.js";
import { median, quantile } from "../statistics.js";
import type { Gallery } from "./gallery.js";
import type { Measured, Timings } from "./measure.js";

export interface Round {
  readonly round: number;
  readonly contender: string;
  readonly gallery: Gallery;
  readonly measured: Measured;
}

/** One contender over one gallery. Milliseconds are those of one query: of a batch, its share. */
export interface SearchFigures extends Gallery {
  readonly contender: string;
  readonly batch: number;
  /** The median of all runs of all rounds. */
  readonly queryMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly recall: number | null;
  /** Of queries near a row. */
  readonly recallOfMembers?: number;
  /** How many times as fast as the naive loop, by the medians. */
  readonly ratioToNaive: number;
  /** Of single queries while 100 registrations a second go on. */
  readonly registering?: { readonly medianMs: number; readonly p99Ms: number };
  /** From the rows to the first search. */
  readonly buildMs?: number;
  readonly ef?: number;
  readonly addsPerSecond?: number;
  readonly erasuresPerSecond?: number;
}

export interface Skipped extends Gallery {
  readonly contender: string;
  readonly skipped: string;
}

const naive = "naive JavaScript";

export function summary(rounds: readonly Round[]): (SearchFigures | Skipped)[] {
  const groups = new Map<string, Round[]>();
  for (const round of rounds) groups.set(keyOf(round), [...(groups.get(keyOf(round)) ?? []), round]);
  const naiveMs = new Map<string, number>();
  for (const { contender, gallery, measured } of rounds) {
    if (contender !== naive || "skipped" in measured) continue;
    for (const batch of Object.keys(measured.runs)) {
      naiveMs.set(
        `${nameOf(gallery)} ${batch}`,
        median(runsOf(groups.get(keyOf({ contender, gallery })) ?? [], batch)),
      );
    }
  }
  return [...groups.values()].flatMap((group): (SearchFigures | Skipped)[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { contender, gallery, measured } = first;
    if ("skipped" in measured) return [{ contender, ...gallery, skipped: measured.skipped }];
    return Object.keys(measured.runs).map((batch): SearchFigures => {
      const times = runsOf(group, batch);
      const queryMs = median(times);
      const registering = batch === "1" ? timingsOf(group).flatMap((timings) => timings.registering ?? []) : [];
      return {
        contender,
        ...gallery,
        batch: Number(batch),
        queryMs: rounded(queryMs),
        minMs: rounded(Math.min(...times)),
        maxMs: rounded(Math.max(...times)),
        recall: measured.recall,
        ...(measured.recallOfMembers !== undefined && { recallOfMembers: rounded(measured.recallOfMembers) }),
        ratioToNaive: rounded((naiveMs.get(`${nameOf(gallery)} ${batch}`) ?? Number.NaN) / queryMs),
        ...(batch === "1" ? ratesOf(timingsOf(group)) : {}),
        ...(registering.length === 0
          ? {}
          : {
              registering: { medianMs: rounded(median(registering)), p99Ms: rounded(quantile(registering, 0.99)) },
            }),
      };
    });
  });
}

function ratesOf(timings: readonly Timings[]): Partial<SearchFigures> {
  const middle = (name: "buildMs" | "ef" | "addsPerSecond" | "erasuresPerSecond"): Partial<SearchFigures> => {
    const values = timings.flatMap((each) => each[name] ?? []);
    return values.length === 0 ? {} : { [name]: rounded(median(values)) };
  };
  return { ...middle("buildMs"), ...middle("ef"), ...middle("addsPerSecond"), ...middle("erasuresPerSecond") };
}

export function table({ processor, cores, node }: Machine, figures: readonly (SearchFigures | Skipped)[]): string {
  const lines = [`${processor}, ${cores} cores, Node ${node}; milliseconds a query: median (min–max)`];
  for (const each of figures) {
    const what = `${nameOf(each)}  ${each.contender}`;
    if ("skipped" in each) lines.push(`${what}: skipped: ${each.skipped}`);
    else {
      const { batch, queryMs, minMs, maxMs, recall, ratioToNaive, registering } = each;
      lines.push(
        `${what}, batch ${batch}: ${queryMs} (${minMs}–${maxMs}), ${ratioToNaive} × naive, recall ${recall ?? "?"}${each.recallOfMembers === undefined ? "" : ` (${each.recallOfMembers} of members)`}`,
      );
      const { buildMs, ef, addsPerSecond, erasuresPerSecond } = each;
      if (buildMs !== undefined) {
        const rates =
          addsPerSecond === undefined ? "" : `, ${addsPerSecond} added and ${erasuresPerSecond} erased a second`;
        lines.push(`    ready in ${buildMs} ms${ef === undefined ? "" : `, ef ${ef}`}${rates}`);
      }
      if (registering) lines.push(`    while registering: ${registering.medianMs}, p99 ${registering.p99Ms}`);
    }
  }
  return lines.join("\n");
}

function keyOf({ contender, gallery }: Pick<Round, "contender" | "gallery">): string {
  return `${nameOf(gallery)} ${contender}`;
}

function nameOf({ count, dimensions, data }: Gallery): string {
  return `${count} × ${dimensions} ${data}`;
}

function timingsOf(group: readonly Round[]): Timings[] {
  return group.flatMap(({ measured }) => ("skipped" in measured ? [] : [measured]));
}

function runsOf(group: readonly Round[], batch: string): number[] {
  return timingsOf(group).flatMap(({ runs }) => runs[batch] ?? []);
}
