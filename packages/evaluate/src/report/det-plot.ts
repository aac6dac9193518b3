import * as Plot from "@observablehq/plot";
import { detCurve } from "../det.js";
import { type RatesAtThreshold, ratesAt } from "../rates.js";
import type { Scores } from "../scores.js";
import { draw, genuineColour, impostorColour, inkColour, percentTick } from "./drawing.js";

export interface DetPlot {
  readonly scores: Scores;
  /** Names of the axes: what is accepted wrongly, and what is missed. */
  readonly falsePositives: string;
  readonly falseNegatives: string;
  /** The point in use, where given. */
  readonly threshold?: number;
}

/** The DET curve of ISO/IEC 19795-1 on logarithmic axes. Returns SVG. */
export function detPlot({ scores, falsePositives, falseNegatives, threshold }: DetPlot): string {
  const curve = detCurve(scores).filter(isOnAxes);
  // The rule of 3: what lies lower was not measured, whatever the curve does there.
  const unsupported = { x: 3 / scores.impostor.length, y: 3 / scores.genuine.length };
  const floor = { x: 1 / scores.impostor.length, y: 1 / scores.genuine.length };
  const decades = (from: number): number[] => {
    const lowest = Math.floor(Math.log10(from));
    return Array.from({ length: -lowest + 1 }, (_, i) => 10 ** (lowest + i)).filter((rate) => rate >= from);
  };
  const inUse = threshold === undefined ? [] : [ratesAt(scores, threshold)].filter(isOnAxes);
  return draw({
    height: 460,
    x: {
      type: "log",
      domain: [floor.x, 1],
      label: `${falsePositives} →`,
      ticks: decades(floor.x),
      tickFormat: percentTick,
      grid: true,
    },
    y: {
      type: "log",
      domain: [floor.y, 1],
      label: `↑ ${falseNegatives}`,
      ticks: decades(floor.y),
      tickFormat: percentTick,
      grid: true,
    },
    marks: [
      Plot.rect([{ x1: floor.x, x2: unsupported.x, y1: floor.y, y2: 1 }], {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        fill: "#eee",
      }),
      Plot.rect([{ x1: floor.x, x2: 1, y1: floor.y, y2: unsupported.y }], {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        fill: "#eee",
      }),
      Plot.line(
        [floor.x, 1].map((rate) => ({ rate })),
        { x: "rate", y: "rate", stroke: "#999", strokeDasharray: "3 4", clip: true },
      ),
      Plot.line(curve, {
        x: "falseMatchRate",
        y: "falseNonMatchRate",
        stroke: genuineColour,
        strokeWidth: 2.2,
        curve: "step-after",
      }),
      Plot.dot(inUse, { x: "falseMatchRate", y: "falseNonMatchRate", fill: impostorColour, r: 5 }),
      Plot.text(inUse, {
        x: "falseMatchRate",
        y: "falseNonMatchRate",
        text: ({ threshold: at }: RatesAtThreshold) => `threshold ${at.toFixed(4)}`,
        textAnchor: "start",
        dx: 9,
        dy: -9,
        fill: inkColour,
        stroke: "white",
      }),
    ],
  });
}

/** A rate of 0 has no place on a logarithmic axis. */
function isOnAxes(point: { readonly falseMatchRate: number; readonly falseNonMatchRate: number }): boolean {
  return point.falseMatchRate > 0 && point.falseNonMatchRate > 0;
}
