import { black, mix } from "./colour.js";
import { curve, mirrored, type Point } from "./curve.js";
import { randomFrom } from "./random.js";
import type { Sitter } from "./sitter.js";
import { clip, fill, group, stroke } from "./svg.js";

/** Lies on the skin, under the mouth. */
export function beard(sitter: Sitter): string {
  const { person, layout, project, hair, id } = sitter;
  if (person.beard === "none") return "";
  const { halfWidth: w, chin, noseTip, mouth } = layout;
  const jaw = w * person.jawWidth;
  const m = person.mouthWidth;
  const lip = (noseTip + mouth) / 2 + 3;
  const below = mouth + person.mouthHeight / 2;
  const shapes: Record<Exclude<typeof person.beard, "none">, Point[]> = {
    full: cheeks(6),
    stubble: cheeks(0),
    moustache: mirrored([
      [0, lip - 1],
      [m * 0.5, lip - 1],
      [m * 1.08, mouth + 4],
      [m * 0.6, mouth - 1],
      [0, mouth - 2],
    ]),
    goatee: mirrored([
      [0, lip],
      [m * 0.7, lip],
      [m * 1.1, mouth + 6],
      [m * 0.9, below + 12],
      [jaw * 0.4, chin - 4],
      [0, chin + 9],
    ]),
  };
  function cheeks(beyond: number): Point[] {
    return mirrored([
      [0, lip],
      [m * 0.8, lip + 2],
      [m * 1.15 + 3, mouth],
      [w * 0.76, noseTip - 4],
      [w * 0.88, layout.eyes + 8],
      [w + 2, layout.eyes + 4],
      [w * 0.5 + jaw * 0.5 + beyond, 42],
      [jaw * 0.86 + beyond, chin * 0.7],
      [jaw * 0.5 + beyond / 2, chin * 0.95 + beyond],
      [0, chin + beyond * 1.6],
    ]);
  }
  const outline = curve(
    shapes[person.beard].map(([x, y]) => project(x, y, y > 0 ? (30 * y) / chin : 0)),
    { closed: true },
  );
  if (person.beard === "stubble")
    return group(fill(outline, hair, 0.3) + hairs(sitter, 220, 3, 0.4), {
      filter: `url(#${id("fine")})`,
      "clip-path": `url(#${id("head")})`,
    });
  return (
    clip(id("beard"), outline) +
    group(fill(outline, hair, 0.92), { filter: `url(#${id("fine")})` }) +
    group(hairs(sitter, 260, 9, 0.45), { "clip-path": `url(#${id("beard")})` })
  );
}

function hairs({ person, layout, project, hair }: Sitter, count: number, length: number, opacity: number): string {
  const random = randomFrom(person.grain, "beard");
  const strands = [mix(hair, black, 0.5), mix(hair, [255, 226, 190], 0.22)].map((colour) => {
    const d = Array.from({ length: count / 2 }, () => {
      const x = random.between(-1, 1) * layout.halfWidth;
      const y = random.between(0, layout.chin + 8);
      const [fromX, fromY] = project(x, y);
      return `M${fromX.toFixed(1)} ${fromY.toFixed(1)}l${(x * 0.02 + random.between(-1.5, 1.5)).toFixed(1)} ${length}`;
    }).join("");
    return stroke(d, colour, 1.3, opacity);
  });
  return strands.join("");
}
