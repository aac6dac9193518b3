import { black, type Colour, hsl, mix, white } from "./colour.js";
import { curve, mirrored, type Point } from "./curve.js";
import type { HairStyle } from "./person.js";
import { randomFrom } from "./random.js";
import type { Sitter } from "./sitter.js";
import { clip, ellipse, fill, group, linear, stroke } from "./svg.js";

/** How far hair stands off the crown and the temples, and how it meets the forehead. */
interface Cut {
  readonly crown: number;
  readonly sides: number;
  /** Height of the hairline from the left temple to the right one, y in face units. */
  readonly hairline: readonly number[];
  readonly curls?: number;
}

const cuts: Partial<Record<HairStyle, Cut>> = {
  cropped: { crown: 5, sides: 2, hairline: [-28, -72, -97, -100, -100, -97, -72, -28] },
  short: { crown: 20, sides: 7, hairline: [-18, -60, -88, -94, -100, -97, -68, -18] },
  "side-part": { crown: 24, sides: 8, hairline: [-14, -50, -72, -84, -95, -104, -72, -18] },
  curly: { crown: 18, sides: 12, hairline: [-12, -58, -84, -88, -88, -84, -58, -12], curls: 15 },
  afro: { crown: 26, sides: 20, hairline: [-18, -66, -92, -97, -97, -92, -66, -18], curls: 18 },
  fringe: { crown: 18, sides: 12, hairline: [20, -38, -56, -60, -59, -57, -40, 20] },
  bob: { crown: 20, sides: 16, hairline: [24, -44, -78, -98, -101, -86, -48, 24] },
  long: { crown: 16, sides: 12, hairline: [26, -44, -84, -104, -104, -84, -44, 26] },
  bun: { crown: 10, sides: 5, hairline: [-8, -64, -92, -100, -100, -92, -64, -8] },
};

/** What hangs or stands behind the head. */
export function backHair(sitter: Sitter): string {
  const { person, layout, hair } = sitter;
  const { halfWidth: w, chin } = layout;
  const shade = mix(hair, black, 0.4);
  switch (person.hairStyle) {
    case "long":
      return fill(
        curve(
          mirrored([
            [0, -146],
            [w * 0.8, -118],
            [w + 16, -30],
            [w + 20, chin * 0.6],
            [w + 30, chin + 70],
            [w * 0.4, chin + 84],
            [0, chin + 60],
          ]),
          { closed: true },
        ),
        shade,
      );
    case "bob":
      return fill(
        curve(
          mirrored([
            [0, -150],
            [w * 0.8, -122],
            [w + 20, -30],
            [w + 24, chin * 0.5],
            [w + 12, chin * 0.92],
            [w * 0.5, chin + 4],
            [0, chin],
          ]),
          { closed: true },
        ),
        shade,
      );
    case "afro":
      return curls(sitter, shade, 54, w + 26, 1.0);
    case "bun":
      return (
        ellipse([0, -158], 40, 34, mix(hair, black, 0.2)) +
        stroke("M-26 -170Q0 -184 26 -168M-30 -156Q0 -166 30 -154", mix(hair, white, 0.2), 2, 0.5)
      );
    default:
      return "";
  }
}

/** What lies over the skull, down to the hairline. */
export function frontHair(sitter: Sitter): string {
  const { person } = sitter;
  if (person.hairStyle === "headscarf") return headscarf(sitter);
  const cut = cuts[person.hairStyle];
  if (!cut) return "";
  return cap(sitter, cut);
}

function cap(sitter: Sitter, cut: Cut): string {
  const { person, conditions, layout, project, hair, id } = sitter;
  const w = layout.halfWidth;
  const count = cut.hairline.length - 1;
  const hairline = cut.hairline.map((y, index): Point => {
    const across = Math.sin(((index / count) * 2 - 1) * (Math.PI / 2)) * 0.985;
    return project(across * w, y, 3);
  });
  const [low = 0] = cut.hairline;
  const outer: Point[] = [
    [w + cut.sides * 0.6, low],
    [w + cut.sides, -44],
    [w * 0.88 + cut.sides, -88 - cut.crown * 0.4],
    [w * 0.5 + cut.sides * 0.4, -124 - cut.crown * 0.8],
    [0, -136 - cut.crown],
  ];
  const left = outer.slice(0, -1).map(([x, y]): Point => [-x, y]);
  const top = [...outer, ...left.reverse()].map(([x, y]) => project(x, y, 0));
  const shape = curve([...hairline, ...top], { closed: true });
  const name = id("cap");
  const from = conditions.light.from;
  const strands = Array.from({ length: 40 }, (_, index) => {
    const share = (index + 0.5) / 40;
    const start = pointAlong(hairline, share);
    const end = pointAlong([...top].reverse(), share);
    const bend: Point = [start[0] * 0.35 + end[0] * 0.68, (start[1] + end[1]) / 2];
    return stroke(curve([start, bend, end]), index % 2 ? mix(hair, white, 0.4) : mix(hair, black, 0.6), 1.5, 0.2);
  }).join("");
  return (
    linear(
      name,
      [from * w, -150],
      [-from * w, 10],
      [
        [0, mix(hair, [255, 238, 214], 0.3)],
        [0.45, hair],
        [1, mix(hair, black, 0.45)],
      ],
    ) +
    clip(`${name}c`, shape) +
    group(stroke(curve(hairline), black, 8, 0.28), {
      filter: `url(#${id("soft")})`,
      "clip-path": `url(#${id("head")})`,
    }) +
    fill(shape, `url(#${name})`, person.hairStyle === "cropped" ? 0.9 : 1) +
    group(strands, { "clip-path": `url(#${name}c)` }) +
    (cut.curls ? curls(sitter, hair, 34, w * 0.86 + cut.curls, 0.62) : "")
  );
}

/** Locks strewn over the upper half of a ring around the skull. */
function curls({ person, project }: Sitter, colour: Colour, count: number, radius: number, drop: number): string {
  const random = randomFrom(person.grain, "curls");
  return Array.from({ length: count }, (_, index) => {
    const angle = Math.PI * (0.5 + drop * ((index / (count - 1)) * 2 - 1) * 0.75);
    const reach = radius * random.between(0.9, 1.1);
    const at = project(Math.cos(angle) * reach, -34 - Math.sin(angle) * reach * 1.02, 0);
    const size = random.between(14, 22);
    const tone = mix(colour, random.chance(0.5) ? black : white, random.between(0, 0.12));
    const [x, y] = at;
    return (
      ellipse(at, size, size, tone) +
      stroke(
        `M${(x - size * 0.5).toFixed(1)} ${y.toFixed(1)}q${(size * 0.5).toFixed(1)} ${(-size * 0.8).toFixed(1)} ${size.toFixed(1)} 0`,
        mix(tone, white, 0.3),
        2,
        0.4,
      )
    );
  }).join("");
}

function headscarf({ person, layout, project, conditions, id }: Sitter): string {
  const { halfWidth: w, chin } = layout;
  const hue = randomFrom(person.grain, "headscarf").between(0, 360);
  const cloth = hsl(hue, 0.4, 0.5);
  const outer = mirrored([
    [0, -154],
    [w * 0.62, -138],
    [w + 14, -70],
    [w + 22, 20],
    [w + 14, chin * 0.8],
    [w + 34, chin + 60],
    [w * 0.5, chin + 84],
    [0, chin + 88],
  ]);
  const inner = mirrored([
    [0, -100],
    [w * 0.6, -86],
    [w * 0.9, -30],
    [w * 0.93, 20],
    [w * 0.5 + w * person.jawWidth * 0.38, chin * 0.5],
    [w * person.jawWidth * 0.5, chin * 0.9],
    [0, chin + 1],
  ]).map(([x, y]) => project(x, y, 4));
  const folds = [-1, 1]
    .map((side) =>
      stroke(
        curve([
          [side * w * 0.5, -118],
          [side * (w + 8), -20],
          [side * w * 0.9, chin * 0.9],
          [side * -w * 0.3, chin + 62],
        ]),
        black,
        4,
        0.16,
      ),
    )
    .join("");
  const name = id("scarf");
  const from = conditions.light.from;
  return (
    linear(
      name,
      [from * w, -140],
      [-from * w, 120],
      [
        [0, mix(cloth, white, 0.3)],
        [0.5, cloth],
        [1, mix(cloth, black, 0.35)],
      ],
    ) +
    group(stroke(curve(inner, { closed: true }), black, 12, 0.35), {
      filter: `url(#${id("soft")})`,
      "clip-path": `url(#${id("head")})`,
    }) +
    fill(`${curve(outer, { closed: true })}${curve(inner, { closed: true })}`, `url(#${name})`, 1, {
      "fill-rule": "evenodd",
    }) +
    stroke(curve(inner, { closed: true }), mix(cloth, black, 0.3), 3, 0.7) +
    folds
  );
}

function pointAlong(points: readonly Point[], share: number): Point {
  const at = share * (points.length - 1);
  const from = points[Math.floor(at)] ?? [0, 0];
  const to = points[Math.ceil(at)] ?? from;
  const rest = at - Math.floor(at);
  return [from[0] + (to[0] - from[0]) * rest, from[1] + (to[1] - from[1]) * rest];
}
