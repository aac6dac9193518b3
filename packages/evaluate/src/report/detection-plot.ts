import * as Plot from "@observablehq/plot";
import type { DetectionPoint } from "../detection-curve.js";
import { draw, genuineColour, impostorColour, percentTick } from "./drawing.js";

const precision = "precision: boxes that hold a face";
const recall = "recall: faces found";

/** Precision and recall over the score from which boxes are kept. Returns SVG. */
export function detectionPlot(curve: readonly DetectionPoint[]): string {
  const shares = curve.flatMap((point) => [
    { minScore: point.minScore, share: point.precision, kind: precision },
    { minScore: point.minScore, share: point.recall, kind: recall },
  ]);
  return draw({
    height: 320,
    x: { label: "least score of a box →", nice: true },
    y: { label: "↑ share", domain: [0, 1], grid: true, tickFormat: percentTick },
    color: { legend: true, domain: [precision, recall], range: [impostorColour, genuineColour] },
    marks: [
      Plot.line(shares, { x: "minScore", y: "share", stroke: "kind", strokeWidth: 2.2, curve: "step-before" }),
      Plot.ruleY([0]),
    ],
  });
}
