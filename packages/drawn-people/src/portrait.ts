import { backdrop } from "./backdrop.js";
import { type PictureFormat, photograph } from "./camera.js";
import type { PictureConditions } from "./conditions.js";
import { drawFigure } from "./figure.js";
import type { PersonParameters } from "./person.js";
import { group } from "./svg.js";

export interface PortraitOptions {
  /** Pixels; 400 unless told. */
  readonly width?: number;
  /** Pixels; 480 unless told. */
  readonly height?: number;
  /** JPEG unless told. */
  readonly format?: PictureFormat;
}

/** One person's head and shoulders, the face near the middle. The same arguments always give the same bytes. */
export async function drawPortrait(
  person: PersonParameters,
  conditions: PictureConditions,
  { width = 400, height = 480, format = "jpeg" }: PortraitOptions = {},
): Promise<Buffer> {
  const scale = Math.min(width / 400, height / 480) * conditions.zoom;
  const y = height * 0.47;
  const { svg } = drawFigure(person, conditions, "p", (height - y) / scale);
  const figure = group(svg, { transform: `translate(${width / 2} ${y}) scale(${scale.toFixed(4)})` });
  return photograph(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${backdrop(conditions, width, height)}${figure}</svg>`,
    conditions,
    format,
  );
}
