import * as Plot from "@observablehq/plot";
import { countAccepted, type Scores } from "../scores.js";
import { draw, genuineColour, impostorColour, inkColour, percentTick } from "./drawing.js";

export interface HistogramPlot {
  readonly scores: Scores;
  /** What the two kinds are called. */
  readonly names: { readonly genuine: string; readonly impostor: string };
  /** Drawn as a line, where given. */
  readonly threshold?: number;
}

/** Fewer where scores are few: bars of one score each show nothing. */
const bins = { fewest: 20, most: 90 };

/** How the similarities of both kinds lie, each as shares of its own kind. Returns SVG. */
export function histogramPlot({ scores, names, threshold }: HistogramPlot): string {
  const ends = [scores.genuine, scores.impostor].flatMap((kind) => {
    const finite = kind.filter(Number.isFinite);
    return [finite.at(0) ?? 0, finite.at(-1) ?? 1];
  });
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const fewest = Math.min(scores.genuine.length, scores.impostor.length);
  const binCount = Math.min(bins.most, Math.max(bins.fewest, Math.round(2 * Math.sqrt(fewest))));
  const bars = [
    ...shares(scores.impostor, names.impostor, low, high, binCount),
    ...shares(scores.genuine, names.genuine, low, high, binCount),
  ];
  return draw({
    height: 320,
    x: { label: "similarity →", domain: [low, high] },
    y: { label: "↑ share of the kind", grid: true, tickFormat: percentTick },
    color: {
      legend: true,
      domain: [names.impostor, names.genuine],
      range: [impostorColour, genuineColour],
    },
    marks: [
      // From 0 each, not stacked.
      Plot.rectY(bars, { x1: "from", x2: "to", y1: 0, y2: "share", fill: "kind", fillOpacity: 0.55, inset: 0 }),
      Plot.ruleY([0]),
      ...(threshold === undefined || threshold < low || threshold > high ? [] : thresholdMarks(threshold)),
    ],
  });
}

function thresholdMarks(threshold: number): Plot.Markish[] {
  return [
    Plot.ruleX([threshold], { stroke: inkColour, strokeDasharray: "5 4" }),
    Plot.text([threshold], {
      x: (value: number) => value,
      text: () => ` threshold ${threshold.toFixed(4)}`,
      frameAnchor: "top",
      textAnchor: "start",
      dx: 6,
      dy: -14,
    }),
  ];
}

interface Bar {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

function shares(scores: Float64Array, kind: string, low: number, high: number, binCount: number): Bar[] {
  const edge = (bin: number): number => low + ((high - low) * bin) / binCount;
  return Array.from({ length: binCount }, (_, bin) => {
    const above = bin + 1 === binCount ? 0 : countAccepted(scores, edge(bin + 1));
    const share = (countAccepted(scores, edge(bin)) - above) / scores.length;
    return { kind, from: edge(bin), to: edge(bin + 1), share };
  });
}
