import type { Colour } from "./colour.js";
import { curve, type Point } from "./curve.js";
import type { GlassesStyle } from "./person.js";
import type { Sitter } from "./sitter.js";
import { fill, stroke } from "./svg.js";

interface Frame {
  readonly colour: Colour;
  readonly rim: number;
  /** Half the height of a lens, and how square it is: 2 is round. */
  readonly height: number;
  readonly squareness: number;
}

const frames: Record<Exclude<GlassesStyle, "none">, Frame> = {
  round: { colour: [120, 88, 40], rim: 2.6, height: 25, squareness: 2 },
  square: { colour: [52, 54, 64], rim: 3.4, height: 19, squareness: 4 },
  heavy: { colour: [24, 20, 22], rim: 6.5, height: 22, squareness: 3 },
};

export function glasses(sitter: Sitter): string {
  const { person, conditions, layout, project } = sitter;
  if (person.glasses === "none" || !conditions.glassesOn) return "";
  const { colour, rim, height, squareness } = frames[person.glasses];
  const halfWidth = Math.min(person.eyeSpacing - 7, 31);
  const lens = (side: number): string => {
    const shape = curve(
      Array.from({ length: 20 }, (_, index): Point => {
        const angle = (index / 20) * 2 * Math.PI;
        const bulge = (value: number): number => Math.sign(value) * Math.abs(value) ** (2 / squareness);
        return project(
          side * (person.eyeSpacing + 2) + halfWidth * bulge(Math.cos(angle)),
          layout.eyes + 3 + height * bulge(Math.sin(angle)),
          12,
        );
      }),
      { closed: true },
    );
    const glare = curve(
      [-0.5, -0.1].map((u) =>
        project(side * (person.eyeSpacing + 2) + u * halfWidth, layout.eyes + (u < -0.3 ? 12 : -12), 12),
      ),
    );
    const temple = curve([
      project(side * (person.eyeSpacing + 2 + halfWidth), layout.eyes - 4, 12),
      project(side * (layout.halfWidth + 2), layout.eyes - 1, -6),
    ]);
    return (
      fill(shape, [226, 238, 246], 0.1) +
      stroke(glare, [255, 255, 255], 5, 0.12) +
      stroke(temple, colour, rim) +
      stroke(shape, colour, rim)
    );
  };
  const inner = person.eyeSpacing + 2 - halfWidth;
  const bridge = curve([
    project(-inner, layout.eyes - 2, 14),
    project(0, layout.eyes - 7, 18),
    project(inner, layout.eyes - 2, 14),
  ]);
  return lens(-1) + lens(1) + stroke(bridge, colour, rim);
}
