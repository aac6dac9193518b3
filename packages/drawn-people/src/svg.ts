import type { Colour } from "./colour.js";
import { css } from "./colour.js";
import type { Point } from "./curve.js";

type Attributes = Readonly<Record<string, string | number>>;

function tag(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? Number(value.toFixed(2)) : value}"`,
  );
  return `<${name}${written.join("")}>${content}</${name}>`;
}

export function fill(d: string, colour: Colour | string, opacity = 1, extra: Attributes = {}): string {
  return tag("path", { d, fill: paint(colour), ...(opacity < 1 && { "fill-opacity": opacity }), ...extra });
}

export function stroke(d: string, colour: Colour | string, width: number, opacity = 1): string {
  return tag("path", {
    d,
    fill: "none",
    stroke: paint(colour),
    "stroke-width": width,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    ...(opacity < 1 && { "stroke-opacity": opacity }),
  });
}

export function ellipse([cx, cy]: Point, rx: number, ry: number, colour: Colour | string, opacity = 1): string {
  return tag("ellipse", { cx, cy, rx, ry, fill: paint(colour), ...(opacity < 1 && { "fill-opacity": opacity }) });
}

export function group(content: string, attributes: Attributes): string {
  return tag("g", attributes, content);
}

export function clip(id: string, d: string): string {
  return `<clipPath id="${id}"><path d="${d}"/></clipPath>`;
}

/** A blur whose sigma is in the units of what it is laid on. */
export function blur(id: string, sigma: number): string {
  return `<filter id="${id}" x="-30%" y="-30%" width="160%" height="160%"><feGaussianBlur stdDeviation="${sigma}"/></filter>`;
}

type Stop = readonly [offset: number, colour: Colour, opacity?: number];

const stops = (list: readonly Stop[]): string =>
  list
    .map(([offset, colour, opacity = 1]) => tag("stop", { offset, "stop-color": css(colour), "stop-opacity": opacity }))
    .join("");

/** From one point to another, in the units of what it fills. */
export function linear(id: string, [x1, y1]: Point, [x2, y2]: Point, list: readonly Stop[]): string {
  return tag("linearGradient", { id, x1, y1, x2, y2, gradientUnits: "userSpaceOnUse" }, stops(list));
}

export function radial(id: string, [cx, cy]: Point, r: number, list: readonly Stop[]): string {
  return tag("radialGradient", { id, cx, cy, r, gradientUnits: "userSpaceOnUse" }, stops(list));
}

const paint = (colour: Colour | string): string => (typeof colour === "string" ? colour : css(colour));
