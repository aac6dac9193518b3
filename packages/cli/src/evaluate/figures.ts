import type { Interval } from "@facekit/evaluate";

/** A line of an evaluation: what, how much, and what to know about it. */
export type Figure = readonly [label: string, value: string, note?: string];

export function figures(lines: readonly Figure[]): string {
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines
    .map(([label, value, note]) => `${label.padEnd(width)}  ${value}${note === undefined ? "" : `  (${note})`}`)
    .join("\n");
}

/** Two decimals: one more than the usual test set of 6,000 pairs can tell apart. */
export function percent(rate: number): string {
  return `${(rate * 100).toFixed(2)} %`;
}

export function percentWithin(rate: number, { low, high }: Interval): string {
  return `${percent(rate)} [${(low * 100).toFixed(2)}, ${(high * 100).toFixed(2)}]`;
}

/** `2,687,149` */
export function thousands(number: number): string {
  return number.toLocaleString("en");
}
