import type { Machine } from "../machine.js";
import { rounded } from "../results.js";
import { isSkipped, type Skipped } from "../skipped.js";
import { median } from "../statistics.js";
import type { Filled, Opened, Written } from "./measure.js";

export interface StoreRound {
  readonly round: number;
  readonly backend: string;
  readonly dimensions: number;
  /** How many templates were there; 0 for writing to a store that was empty. */
  readonly count: number;
  readonly written?: Written | Skipped;
  readonly filled?: Filled | Skipped;
  /** From the records alone, and with whatever the store keeps to open quickly. */
  readonly opened?: { readonly records: Opened | Skipped; readonly snapshot?: Opened | Skipped };
}

/** Registrations a second into a store that was empty, each call acknowledged before the next. */
export interface WriteFigures {
  readonly backend: string;
  readonly dimensions: number;
  /** Templates in a call. */
  readonly batch: number;
  readonly perSecond: number;
  readonly minPerSecond: number;
  readonly maxPerSecond: number;
}

/** A fresh process opens a store that is full and searches it once. */
export interface OpenFigures {
  readonly backend: string;
  readonly dimensions: number;
  readonly count: number;
  readonly from: "records" | "snapshot";
  /** Until the first search is answered. */
  readonly openMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Of one search after that. */
  readonly searchMs?: number;
  /** Of the process. */
  readonly memoryMiB: number;
  /** 0 where it is not known. */
  readonly fileMiB: number;
}

export type StoreFigures = WriteFigures | OpenFigures | (Skipped & { readonly backend: string });

export function isWriteFigures(figures: StoreFigures): figures is WriteFigures {
  return "perSecond" in figures;
}

export function storeSummary(rounds: readonly StoreRound[]): StoreFigures[] {
  const backends = [...new Set(rounds.map(({ backend }) => backend))];
  return backends.flatMap((backend): StoreFigures[] => {
    const of = rounds.filter((round) => round.backend === backend);
    const reasons = of.flatMap(({ written, filled, opened }) =>
      [written, filled, opened?.records, opened?.snapshot].flatMap((each) =>
        each !== undefined && isSkipped(each) ? [each.skipped] : [],
      ),
    );
    const figures = [...writesOf(of), ...opensOf(of)];
    return [...figures, ...[...new Set(reasons)].map((skipped) => ({ backend, skipped }))];
  });
}

function writesOf(rounds: readonly StoreRound[]): WriteFigures[] {
  const written = rounds.flatMap(({ backend, dimensions, written: each }) =>
    each === undefined || isSkipped(each) ? [] : [{ backend, dimensions, perSecond: each.perSecond }],
  );
  const [first] = written;
  if (first === undefined) return [];
  return Object.keys(first.perSecond).map((batch) => {
    const speeds = written.flatMap(({ perSecond }) => perSecond[batch] ?? []);
    return {
      backend: first.backend,
      dimensions: first.dimensions,
      batch: Number(batch),
      perSecond: rounded(median(speeds)),
      minPerSecond: rounded(Math.min(...speeds)),
      maxPerSecond: rounded(Math.max(...speeds)),
    };
  });
}

function opensOf(rounds: readonly StoreRound[]): OpenFigures[] {
  const counts = [...new Set(rounds.filter(({ opened }) => opened !== undefined).map(({ count }) => count))];
  return counts.flatMap((count) => {
    const of = rounds.filter((round) => round.count === count);
    const [{ backend, dimensions } = { backend: "", dimensions: 0 }] = of;
    const [bytes = 0] = of.flatMap(({ filled }) => (filled === undefined || isSkipped(filled) ? [] : [filled.bytes]));
    return (["records", "snapshot"] as const).flatMap((from): OpenFigures[] => {
      const opened = of.flatMap((round) => {
        const each = round.opened?.[from];
        return each === undefined || isSkipped(each) ? [] : [each];
      });
      if (opened.length === 0) return [];
      const times = opened.map(({ searchedMs }) => searchedMs);
      const searches = opened.flatMap(({ searchMs }) => searchMs ?? []);
      return [
        {
          backend,
          dimensions,
          count,
          from,
          openMs: rounded(median(times)),
          minMs: rounded(Math.min(...times)),
          maxMs: rounded(Math.max(...times)),
          ...(searches.length > 0 && { searchMs: rounded(median(searches)) }),
          memoryMiB: rounded(median(opened.map(({ memoryMiB }) => memoryMiB))),
          fileMiB: rounded(bytes / 2 ** 20),
        },
      ];
    });
  });
}

export function storeTable({ processor, cores, node }: Machine, figures: readonly StoreFigures[]): string {
  const lines = [`${processor}, ${cores} cores, Node ${node}; median (min–max)`];
  for (const each of figures) {
    if ("skipped" in each) lines.push(`${each.backend}: skipped: ${each.skipped}`);
    else if (isWriteFigures(each)) {
      const { backend, dimensions, batch, perSecond, minPerSecond, maxPerSecond } = each;
      lines.push(
        `${backend} × ${dimensions}, ${batch} a call: ${perSecond} registrations/s (${minPerSecond}–${maxPerSecond})`,
      );
    } else {
      const { backend, dimensions, count, from, openMs, minMs, maxMs, memoryMiB } = each;
      lines.push(
        `${backend}, ${count} × ${dimensions}, opened from ${from}: ${openMs} ms (${minMs}–${maxMs}), ${memoryMiB} MiB`,
      );
    }
  }
  return lines.join("\n");
}
