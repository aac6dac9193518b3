import { backdrop } from "./backdrop.js";
import { type PictureFormat, photograph } from "./camera.js";
import { conditionsFromSeed, type PictureConditions } from "./conditions.js";
import { drawFigure } from "./figure.js";
import type { PersonParameters } from "./person.js";
import { randomFrom } from "./random.js";
import { group } from "./svg.js";

export interface Participant {
  readonly person: PersonParameters;
  /** Pose, expression, glasses and clothes count; light, camera and background are those of the whole photo. */
  readonly conditions: PictureConditions;
}

export interface GroupPhotoOptions {
  /** The place, its light and the camera. */
  readonly scene?: PictureConditions;
  /** Average width of a face in pixels, 60 to 150; 96 unless told. */
  readonly faceWidth?: number;
  /** People in a row before another row begins; 6 unless told. */
  readonly perRow?: number;
  readonly format?: PictureFormat;
}

export interface GroupPhoto {
  readonly image: Buffer;
  readonly width: number;
  readonly height: number;
  /** Who is where, in the order of the participants: `box` is x, y, width and height of the face in whole pixels. */
  readonly people: readonly { readonly index: number; readonly box: readonly [number, number, number, number] }[];
}

/** Half of the average face's width is 92 face units, of which a face box takes 0.94. */
const averageFace = 2 * 92 * 0.94;

/** People standing in rows, those behind higher up. The same arguments always give the same bytes. */
export async function drawGroupPhoto(
  participants: readonly Participant[],
  { scene = conditionsFromSeed(1), faceWidth = 96, perRow = 6, format = "jpeg" }: GroupPhotoOptions = {},
): Promise<GroupPhoto> {
  if (participants.length === 0) throw new RangeError("A group photo needs at least one person.");
  const scale = faceWidth / averageFace;
  const rows = Math.ceil(participants.length / perRow);
  const inRow = Math.ceil(participants.length / rows);
  const [pitchX, pitchY] = [330 * scale, 345 * scale];
  const width = Math.round((inRow + (rows > 1 ? 0.9 : 0.4)) * pitchX);
  const height = Math.round(rows * pitchY + 230 * scale);
  const random = randomFrom(scene.grain, "places");
  const placed = participants.map(({ person, conditions }, index) => {
    // The first participants stand behind; every other row is shifted by half a place, between the heads in front.
    const row = Math.floor(index / inRow);
    const column = index - row * inRow;
    const shift = rows > 1 ? (row % 2 ? 0.25 : -0.25) : 0;
    const count = Math.min(inRow, participants.length - row * inRow);
    const x = width / 2 + (column - (count - 1) / 2 + shift + random.between(-0.04, 0.04)) * pitchX;
    const y = 205 * scale + row * pitchY + random.between(-14, 14) * scale;
    const figure = drawFigure(person, { ...conditions, light: scene.light }, `p${index}-`, (height - y) / scale);
    const [left, top, boxWidth, boxHeight] = figure.box.map((value) => value * scale) as [
      number,
      number,
      number,
      number,
    ];
    return {
      svg: group(figure.svg, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(4)})` }),
      box: [x + left, y + top, boxWidth, boxHeight].map(Math.round) as [number, number, number, number],
    };
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${backdrop(scene, width, height)}${placed.map((one) => one.svg).join("")}</svg>`;
  return {
    image: await photograph(svg, scene, format),
    width,
    height,
    people: placed.map(({ box }, index) => ({ index, box })),
  };
}
