import { black, css, glaze, mix, white } from "./colour.js";
import { curve, mirrored, type Point } from "./curve.js";
import { randomFrom } from "./random.js";
import type { Sitter } from "./sitter.js";
import { ellipse, fill, group, linear, radial, stroke } from "./svg.js";

/** The outline of the head, from the crown round the chin. */
export function headOutline({ person, layout, project }: Sitter): string {
  const { halfWidth: w, chin } = layout;
  const jaw = w * person.jawWidth;
  const right: Point[] = [
    [0, -134],
    [w * 0.52, -121],
    [w * 0.9, -74],
    [w, -14],
    [w * 0.5 + jaw * 0.48, 40],
    [jaw * 0.84, chin * 0.68],
    [jaw * 0.46, chin * 0.94],
    [0, chin],
  ];
  // The chin stands forward of the outline, so it swings with the pose.
  return curve(
    mirrored(right).map(([x, y]) => project(x, y, y > 0 ? (30 * y) / chin : 0)),
    { closed: true },
  );
}

export function neck({ layout, skin, id }: Sitter): string {
  const w = layout.halfWidth * 0.5;
  const bottom = layout.chin + 75;
  return (
    linear(
      id("neck"),
      [0, layout.chin - 20],
      [0, bottom],
      [
        [0, skin.deep],
        [0.45, skin.shade],
        [1, skin.base],
      ],
    ) +
    fill(
      `M${-w} 60L${-w} ${layout.chin + 18}Q${-w - 4} ${bottom - 20} ${-w - 42} ${bottom}L${w + 42} ${bottom}Q${w + 4} ${bottom - 20} ${w} ${layout.chin + 18}L${w} 60Z`,
      `url(#${id("neck")})`,
    )
  );
}

export function ears(sitter: Sitter): string {
  const { person, layout, project, skin } = sitter;
  const size = person.earSize;
  return [-1, 1]
    .map((side) => {
      const at = (u: number, v: number): Point =>
        project(side * (layout.halfWidth - 5 + u * size), layout.eyes + 22 + v * size, -8);
      const rim = curve([at(0, -26), at(12, -30), at(18, -16), at(14, 6), at(6, 26), at(0, 24)], { closed: true });
      const fold = curve([at(3, -18), at(11, -20), at(12, -6), at(7, 10)]);
      return fill(rim, skin.shade) + stroke(fold, skin.deep, 2.5, 0.5);
    })
    .join("");
}

/** The skin and all the soft shading that lies on it, under the features. */
export function face(sitter: Sitter, outline: string): string {
  const { person, conditions, layout, project, skin, id } = sitter;
  const { from, strength } = conditions.light;
  const { halfWidth: w, chin, eyes, noseTip, mouth } = layout;
  const far = from < 0 ? 1 : -1;
  const rosy = mix(skin.base, [214, 84, 74], 0.5);
  const socket = (side: number): string => {
    const [x, y] = project(side * person.eyeSpacing, eyes - 4);
    return ellipse([x, y], person.eyeSize * 1.5, person.eyeSize * 1.15, skin.deep, 0.26);
  };
  const cheek = (side: number): string =>
    ellipse(project(side * w * 0.6, noseTip - 2), w * 0.24, 19, rosy, 0.22) +
    ellipse(project(side * w * 0.56, noseTip - 20), w * 0.18, 10, skin.light, 0.42);
  const shading = [
    socket(-1),
    socket(1),
    cheek(-1),
    cheek(1),
    ellipse(project(0, -82), w * 0.55, 26, skin.light, 0.5),
    ellipse(project(0, chin - 13, 6), 20, 9, skin.light, 0.4),
    ellipse(project(0, mouth + person.mouthHeight / 2 + 10), person.mouthWidth * 0.55, 5, skin.deep, 0.35),
    noseShadow(sitter, far),
    stroke(
      curve([
        project(-w, 30),
        project(-w * person.jawWidth * 0.8, chin * 0.72),
        project(0, chin + 5),
        project(w * person.jawWidth * 0.8, chin * 0.72),
        project(w, 30),
      ]),
      skin.deep,
      16,
      0.4,
    ),
  ].join("");
  const shadow = glaze(skin.deep, [150, 140, 170]);
  return (
    radial(id("skin"), [from * w * 0.45, -30], 175, [
      [0, mix(skin.base, skin.light, 0.55)],
      [0.55, skin.base],
      [1, skin.shade],
    ]) +
    linear(
      id("light"),
      [-far * w, -40],
      [far * w, 30],
      [
        [0, white, strength * 0.3],
        [0.4, white, 0],
        [0.5, shadow, 0],
        [1, shadow, strength * 0.8],
      ],
    ) +
    fill(outline, `url(#${id("skin")})`) +
    group(
      group(shading, { filter: `url(#${id("soft")})` }) +
        lines(sitter) +
        freckles(sitter) +
        fill(outline, `url(#${id("light")})`),
      {
        "clip-path": `url(#${id("head")})`,
      },
    )
  );
}

/** Beside the nose on the side away from the light, and under its tip. */
function noseShadow({ person, conditions, layout, project, skin }: Sitter, far: number): string {
  const { eyes, noseTip } = layout;
  const n = person.noseWidth;
  const side = curve(
    [
      project(far * 8, eyes - 14),
      project(far * n * 0.45, noseTip - 24, 8),
      project(far * n, noseTip - 8, 4),
      project(far * (n + 9), noseTip + 2),
      project(far * (n * 0.5 + 13), eyes + 6),
    ],
    { closed: true },
  );
  return (
    fill(side, skin.deep, 0.22 + conditions.light.strength * 0.36) +
    ellipse(project(far * n * 0.2, noseTip + 12), n * 0.95, 7, skin.deep, 0.45) +
    stroke(curve([project(-far * 5, eyes, 6), project(-far * 3, noseTip - 12, 16)]), skin.light, 7, 0.75)
  );
}

/** Folds and wrinkles, as deep as the person is old. */
function lines({ person, conditions, layout, project, skin }: Sitter): string {
  const { eyes, noseTip, mouth } = layout;
  const depth = 0.06 + person.age * 0.5;
  const fold = (side: number): string =>
    stroke(
      curve([
        project(side * (person.noseWidth + 3), noseTip - 6),
        project(side * (person.mouthWidth * 0.6 + person.noseWidth * 0.55 + 5), (noseTip + mouth) / 2),
        project(side * (person.mouthWidth + 9), mouth + 2),
      ]),
      skin.deep,
      2.2,
      Math.min(0.8, depth + Math.max(0, conditions.expression.smile) * 0.18),
    );
  const bag = (side: number): string => {
    const at = (u: number, v: number): Point =>
      project(side * (person.eyeSpacing + u * person.eyeSize), eyes + v * person.eyeSize);
    return (
      stroke(curve([at(-0.8, 0.75), at(0, 1.1), at(0.8, 0.75)]), skin.deep, 1.8, depth * 0.8) +
      (person.age > 0.4
        ? stroke(curve([at(1.3, 0.1), at(1.8, 0.35)]), skin.deep, 1.4, depth) +
          stroke(curve([at(1.3, -0.1), at(1.85, -0.2)]), skin.deep, 1.4, depth)
        : "")
    );
  };
  const forehead =
    person.age > 0.35
      ? [-74, -88].map((y) =>
          stroke(curve([project(-42, y + 3), project(0, y), project(42, y + 3)]), skin.deep, 1.7, depth * 0.65),
        )
      : [];
  return [fold(-1), fold(1), bag(-1), bag(1), ...forehead].join("");
}

function freckles({ person, layout, project, skin }: Sitter): string {
  const random = randomFrom(person.grain, "freckles");
  const colour = css(mix(skin.deep, black, 0.05));
  return Array.from({ length: Math.round(person.freckles * 44) }, () => {
    const at = project(
      random.between(-0.72, 0.72) * layout.halfWidth,
      random.between(layout.eyes + 16, layout.noseTip + 10),
    );
    return ellipse(at, random.between(0.9, 2), random.between(0.9, 1.8), colour, random.between(0.3, 0.6));
  }).join("");
}
