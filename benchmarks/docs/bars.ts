import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly ours: boolean;
}

export interface BarPlot {
  /** For those who cannot see it. */
  readonly title: string;
  /** What the numbers are, with their unit. */
  readonly axis: string;
  readonly bars: readonly Bar[];
}

const oursColour = "#1b7f5c";
const othersColour = "#9aa5b1";
const inkColour = "#333";
const width = 860;
/** Of 13 pixels high, about: the widest font that a reader may have. */
const pixelsPerLetter = 7.6;

/** Medians as bars, least first, with a line from the least to the most measured. Returns SVG that needs no script. */
export function barPlot({ title, axis, bars }: BarPlot): string {
  const { document } = parseHTML("<!DOCTYPE html><html><body></body></html>");
  const sorted = [...bars].sort((a, b) => a.value - b.value);
  const height = 70 + sorted.length * 30;
  const plot = Plot.plot({
    document,
    width,
    height,
    marginTop: 12,
    marginLeft: Math.max(...sorted.map(({ label }) => label.length)) * pixelsPerLetter + 20,
    marginRight: 80,
    marginBottom: 46,
    style: { fontSize: "13px", color: inkColour, background: "white" },
    x: { label: `${axis} →`, grid: true, zero: true, nice: true, ticks: 5 },
    y: { label: null, domain: sorted.map(({ label }) => label), padding: 0.25 },
    marks: [
      Plot.barX(sorted, { x: "value", y: "label", fill: ({ ours }: Bar) => (ours ? oursColour : othersColour) }),
      Plot.link(sorted, { x1: "min", x2: "max", y1: "label", y2: "label", stroke: inkColour, strokeWidth: 1.5 }),
      Plot.text(sorted, {
        x: "max",
        y: "label",
        text: ({ value }: Bar) => shown(value),
        textAnchor: "start",
        dx: 6,
        fill: inkColour,
      }),
      Plot.ruleX([0], { stroke: inkColour }),
    ],
  });
  // A sheet of its own, where a viewer passes over the style: dark pages would swallow the ink.
  const sheet = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width, height, fill: "white" })) sheet.setAttribute(name, String(value));
  plot.querySelector("style")?.after(sheet);
  const name = document.createElementNS("http://www.w3.org/2000/svg", "title");
  name.textContent = title;
  plot.prepend(name);
  plot.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${plot.outerHTML}\n`;
}

/** To three significant digits, with thousands apart. */
export function shown(value: number): string {
  const short = Number(value.toPrecision(3));
  const [whole = "0", fraction] = String(short).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
