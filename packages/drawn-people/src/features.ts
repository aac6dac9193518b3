import { along, black, type Colour, glaze, mix, white } from "./colour.js";
import { curve, type Point } from "./curve.js";
import type { Sitter } from "./sitter.js";
import { clip, ellipse, fill, group, radial, stroke } from "./svg.js";

const irisColours: readonly [Colour, ...Colour[]] = [
  [52, 30, 20],
  [96, 62, 32],
  [122, 100, 52],
  [84, 118, 84],
  [78, 120, 158],
  [120, 134, 146],
];

export function eyes(sitter: Sitter): string {
  return eye(sitter, -1) + eye(sitter, 1);
}

function eye({ person, conditions, layout, project, skin, id }: Sitter, side: number): string {
  const w = person.eyeSize;
  const h =
    w *
    person.eyeOpenness *
    (1 + 0.12 * conditions.expression.browRaise - 0.14 * Math.max(0, conditions.expression.smile));
  const tilt = (person.eyeTilt * Math.PI) / 180;
  // u runs from the inner corner (-1) to the outer one (1), v downwards in heights.
  const at = (u: number, v: number): Point => {
    const [x, y] = [u * w, v * h];
    return project(
      side * (person.eyeSpacing + x * Math.cos(tilt) + y * Math.sin(tilt)),
      layout.eyes - x * Math.sin(tilt) + y * Math.cos(tilt),
    );
  };
  const upper = [at(-1, 0.2), at(-0.5, -0.68), at(0.1, -1), at(0.65, -0.7), at(1.02, 0)];
  const lower = [at(0.55, 0.62), at(0, 0.82), at(-0.55, 0.64)];
  const almond = curve([...upper, ...lower], { closed: true });
  const name = id(side < 0 ? "eyeL" : "eyeR");
  const centre = at(0, -0.08);
  const radius = 0.3 * w + 0.34 * h;
  const iris = along(irisColours, person.skinTone > 0.55 ? person.irisColour * 0.25 : person.irisColour);
  const lash = mix(black, skin.deep, 0.25);
  return (
    clip(name, almond) +
    radial(`${name}i`, centre, radius, [
      [0, mix(iris, white, 0.2)],
      [0.7, iris],
      [1, mix(iris, black, 0.6)],
    ]) +
    fill(almond, [240, 236, 230]) +
    group(
      ellipse(centre, radius, radius, `url(#${name}i)`) +
        ellipse(centre, radius * 0.45, radius * 0.45, [12, 10, 12]) +
        ellipse(
          [centre[0] + conditions.light.from * radius * 0.35, centre[1] - radius * 0.35],
          radius * 0.2,
          radius * 0.2,
          white,
          0.9,
        ) +
        stroke(curve(upper), black, h * 0.55, 0.22),
      { "clip-path": `url(#${name})` },
    ) +
    stroke(curve([...lower, at(-1, 0.2)]), skin.deep, 1.3, 0.6) +
    stroke(curve(upper), lash, 3.2, 0.92) +
    stroke(curve([at(-0.95, -0.55), at(-0.3, -1.4), at(0.4, -1.5), at(1.1, -0.6)]), skin.deep, 1.9, 0.55)
  );
}

export function brows({ person, conditions, layout, project, hair, skin, id }: Sitter): string {
  const colour = mix(hair, skin.deep, 0.3);
  const raise = conditions.expression.browRaise * 5;
  const thick = person.browThickness;
  const brow = (side: number): string => {
    const at = (u: number, v: number): Point => {
      const x = u * (person.eyeSize * 0.8 + 9);
      return project(
        side * (person.eyeSpacing + 1 + x),
        layout.eyes - person.browHeight - raise - x * Math.tan((person.browTilt * Math.PI) / 180) + v,
        3,
      );
    };
    const shape = curve(
      [
        at(-1, 1),
        at(-0.9, -thick * 0.5),
        at(0, -thick * 0.8 - 2),
        at(0.7, -thick * 0.55),
        at(1.15, 3),
        at(0.5, thick * 0.35 - 1),
        at(-0.3, thick * 0.42),
      ],
      { closed: true },
    );
    const hairs = Array.from({ length: 9 }, (_, index) => {
      const u = -0.9 + index * 0.2;
      return stroke(curve([at(u, thick * 0.4), at(u + 0.18, -thick * 0.75 - 1)]), colour, 1.1, 0.55);
    });
    return fill(shape, colour, 0.85) + hairs.join("");
  };
  return group(brow(-1) + brow(1), { filter: `url(#${id("fine")})` });
}

export function nose({ person, layout, project, skin, id }: Sitter): string {
  const { noseTip: tip } = layout;
  const n = person.noseWidth;
  const under = curve([
    project(-n, tip - 7, 3),
    project(-n * 0.92, tip + 2, 4),
    project(-n * 0.5, tip + 3.5, 8),
    project(0, tip + 8, 14),
    project(n * 0.5, tip + 3.5, 8),
    project(n * 0.92, tip + 2, 4),
    project(n, tip - 7, 3),
  ]);
  const wing = (side: number): string =>
    stroke(
      curve([
        project(side * n * 0.78, tip - 17, 5),
        project(side * n * 1.02, tip - 9, 3),
        project(side * n * 0.93, tip + 2, 4),
      ]),
      skin.deep,
      2.4,
      0.7,
    );
  const nostril = (side: number): string =>
    ellipse(project(side * n * 0.45, tip + 2.5, 8), n * 0.2 + 0.8, 2.6, glaze(skin.deep, [110, 70, 70]), 0.85);
  const ball = project(0, tip - 5, 20);
  const name = id("nose");
  return (
    radial(name, ball, n * 0.85 + 3, [
      [0, skin.light, 0.75],
      [1, skin.light, 0],
    ]) +
    ellipse(ball, n * 0.85 + 3, 14, `url(#${name})`) +
    wing(-1) +
    wing(1) +
    stroke(under, skin.deep, 2, 0.55) +
    nostril(-1) +
    nostril(1)
  );
}

export function mouth({ person, conditions, layout, project, skin, id }: Sitter): string {
  const { smile, mouthOpen } = conditions.expression;
  const w = person.mouthWidth * (1 + 0.16 * smile);
  const y = layout.mouth;
  const upperLip = person.mouthHeight * 0.44;
  const lowerLip = person.mouthHeight * 0.56;
  const gap = mouthOpen * 15;
  const corner = -6 * smile;
  const at = (u: number, v: number): Point => project(u * w, y + v + corner * Math.abs(u) ** 2, 6 * (1 - u * u));
  const top = [
    at(-1, 0),
    at(-0.5, -upperLip * 0.72),
    at(-0.17, -upperLip),
    at(0, -upperLip * 0.8),
    at(0.17, -upperLip),
    at(0.5, -upperLip * 0.72),
    at(1, 0),
  ];
  const bottom = [
    at(0.62, lowerLip * 0.72 + gap * 0.7),
    at(0.25, lowerLip + gap),
    at(-0.25, lowerLip + gap),
    at(-0.62, lowerLip * 0.72 + gap * 0.7),
  ];
  const innerTop = [at(-0.95, 0), at(-0.4, 0.8), at(0, 1.4), at(0.4, 0.8), at(0.95, 0)];
  const innerBottom = [at(0.5, 0.8 + gap * 0.8), at(0, 1.4 + gap), at(-0.5, 0.8 + gap * 0.8)];
  const bare = mix(glaze(skin.base, [222, 140, 134]), skin.deep, 0.12);
  const lip = mix(bare, [178, 34, 52], person.lipColour * 0.7);
  const dark = glaze(skin.deep, [120, 60, 60]);
  const inside = curve([...innerTop, ...innerBottom], { closed: true });
  const name = id("mouth");
  return (
    fill(curve([...top, ...bottom], { closed: true }), lip) +
    fill(curve([...top, ...[...innerTop].reverse()], { closed: true }), glaze(lip, [214, 190, 190]), 0.75) +
    ellipse(at(0, lowerLip * 0.55 + gap), w * 0.32, lowerLip * 0.2, mix(lip, white, 0.5), 0.5) +
    (gap > 1
      ? clip(name, inside) +
        fill(inside, [70, 20, 24]) +
        group(
          fill(
            curve(
              [at(-0.8, -2), at(0, -2), at(0.8, -2), at(0.6, gap * 0.5), at(0, gap * 0.6 + 1), at(-0.6, gap * 0.5)],
              { closed: true },
            ),
            [238, 232, 222],
          ),
          {
            "clip-path": `url(#${name})`,
          },
        )
      : "") +
    stroke(curve(innerTop), dark, 2, 0.85) +
    ellipse(at(-1, 0), 2.6, 2, dark, 0.5) +
    ellipse(at(1, 0), 2.6, 2, dark, 0.5)
  );
}
