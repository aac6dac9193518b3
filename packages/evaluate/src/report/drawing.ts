import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Set apart by lightness too, for eyes that take red for green. */
export const genuineColour = "#1b7f5c";
export const impostorColour = "#d1495b";
export const inkColour = "#333";

/** A document without a browser. */
export function emptyDocument(): Document {
  return parseHTML("<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'></head><body></body></html>").document;
}

/** Draws into static SVG that needs no script. */
export function draw(options: Plot.PlotOptions): string {
  const plot = Plot.plot({
    document: emptyDocument(),
    width: 760,
    marginTop: 34,
    marginLeft: 64,
    marginRight: 24,
    marginBottom: 46,
    style: { fontSize: "13px", color: inkColour, background: "white" },
    ...options,
  });
  return plot.outerHTML;
}

/** 0.1 as "10 %", 0.0001 as "0.01 %". */
export function percentTick(rate: number): string {
  return `${Number((rate * 100).toPrecision(3))} %`;
}
