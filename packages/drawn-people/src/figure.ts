import { beard } from "./beard.js";
import { black, hsl, mix, white } from "./colour.js";
import type { PictureConditions } from "./conditions.js";
import { brows, eyes, mouth, nose } from "./features.js";
import { glasses } from "./glasses.js";
import { backHair, frontHair } from "./hair.js";
import { ears, face, headOutline, neck } from "./head.js";
import type { PersonParameters } from "./person.js";
import { type Sitter, seat } from "./sitter.js";
import { blur, clip, fill, group, linear, stroke } from "./svg.js";

export interface Figure {
  /** Face units, the origin between the temples. */
  readonly svg: string;
  /** Brow-high forehead to chin and cheek to cheek, as a detector frames a face. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

/**
 * Head and body of one person, down to `bottom` face units below the origin. `prefix` must differ among the figures of
 * one picture.
 */
export function drawFigure(
  person: PersonParameters,
  conditions: PictureConditions,
  prefix: string,
  bottom: number,
): Figure {
  const sitter = seat(person, conditions, prefix);
  const { id, layout } = sitter;
  const outline = headOutline(sitter);
  const covered = person.hairStyle === "headscarf";
  const head = [
    covered ? "" : ears(sitter),
    face(sitter, outline),
    beard(sitter),
    mouth(sitter),
    nose(sitter),
    eyes(sitter),
    brows(sitter),
    frontHair(sitter),
    glasses(sitter),
  ].join("");
  // The head leans from the neck.
  const lean = `rotate(${conditions.pose.roll.toFixed(2)} 0 ${layout.chin.toFixed(1)})`;
  const defs = blur(id("soft"), 5) + blur(id("fine"), 0.9) + clip(id("head"), outline);
  const svg =
    defs +
    group(covered ? "" : backHair(sitter), { transform: lean }) +
    neck(sitter) +
    body(sitter, bottom) +
    group(head, { transform: lean });
  return { svg, box: faceBox(sitter) };
}

function body({ conditions, layout, person, id }: Sitter, bottom: number): string {
  const cloth = hsl(conditions.clothesHue, 0.38, 0.42);
  const y = layout.chin + 52;
  // The sides widen down to here, and then go straight down.
  const waist = y + 420;
  const hem = Math.max(waist, bottom);
  const neckline = layout.halfWidth * 0.5 + 20;
  const d = `M${-neckline} ${y}Q0 ${y + 58} ${neckline} ${y}Q${neckline + 78} ${y + 20} ${neckline + 118} ${y + 62}Q${neckline + 140} ${y + 120} ${neckline + 146} ${waist}V${hem}H${-neckline - 146}V${waist}Q${-neckline - 140} ${y + 120} ${-neckline - 118} ${y + 62}Q${-neckline - 78} ${y + 20} ${-neckline} ${y}Z`;
  const collar = `M${-neckline} ${y}Q0 ${y + 58} ${neckline} ${y}`;
  const from = conditions.light.from;
  return (
    linear(
      id("cloth"),
      [from * 220, y],
      [-from * 220, y + 60],
      [
        [0, mix(cloth, white, 0.25)],
        [0.5, cloth],
        [1, mix(cloth, black, 0.4)],
      ],
    ) +
    fill(d, `url(#${id("cloth")})`) +
    stroke(collar, mix(cloth, person.grain % 2 ? black : white, 0.35), 9) +
    stroke(
      `M${-neckline - 70} ${y + 110}Q${-neckline - 84} ${y + 190} ${-neckline - 80} ${y + 300}V${hem - 120}M${neckline + 70} ${y + 110}Q${neckline + 84} ${y + 190} ${neckline + 80} ${y + 300}V${hem - 120}`,
      black,
      5,
      0.18,
    )
  );
}

function faceBox({ layout, project, conditions }: Sitter): Figure["box"] {
  const lean = (conditions.pose.roll * Math.PI) / 180;
  const top = layout.eyes - 58;
  const corners = [
    [-0.94 * layout.halfWidth, 0],
    [0.94 * layout.halfWidth, 0],
    [0, top],
    [0, layout.chin],
  ].map(([x = 0, y = 0]) => {
    const [px, py] = project(x, y);
    const down = py - layout.chin;
    return [
      px * Math.cos(lean) - down * Math.sin(lean),
      px * Math.sin(lean) + down * Math.cos(lean) + layout.chin,
    ] as const;
  });
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const [left, upper] = [Math.min(...xs), Math.min(...ys)];
  return [left, upper, Math.max(...xs) - left, Math.max(...ys) - upper];
}
