import { along, black, type Colour, glaze, mix } from "./colour.js";
import type { PictureConditions, Pose } from "./conditions.js";
import type { Point } from "./curve.js";
import type { PersonParameters } from "./person.js";

/** Puts a point of the face (face units) where the pose shows it; `lift` is its height above the skin. */
export type Project = (x: number, y: number, lift?: number) => Point;

/** Where the features of one face are, before the pose. */
export interface Layout {
  readonly halfWidth: number;
  readonly chin: number;
  readonly eyes: number;
  readonly noseTip: number;
  readonly mouth: number;
}

/** A person in front of the camera, with all that the features' drawings share. */
export interface Sitter {
  readonly person: PersonParameters;
  readonly conditions: PictureConditions;
  readonly layout: Layout;
  readonly project: Project;
  readonly skin: { readonly base: Colour; readonly light: Colour; readonly shade: Colour; readonly deep: Colour };
  readonly hair: Colour;
  /** Makes the ids of gradients and clips unique among the people of one picture. */
  readonly id: (name: string) => string;
}

const skinTones: readonly [Colour, ...Colour[]] = [
  [250, 224, 206],
  [240, 199, 168],
  [222, 172, 132],
  [190, 134, 94],
  [144, 94, 62],
  [102, 64, 44],
  [70, 44, 33],
];
const hairColours: readonly [Colour, ...Colour[]] = [
  [28, 24, 26],
  [58, 38, 28],
  [98, 60, 36],
  [150, 74, 36],
  [190, 140, 76],
  [224, 190, 128],
];

export function seat(person: PersonParameters, conditions: PictureConditions, prefix: string): Sitter {
  const base = glaze(along(skinTones, person.skinTone), mix([255, 240, 238], [255, 246, 222], person.skinWarmth));
  const chin = 122 * person.faceLength;
  const noseTip = person.eyeHeight + person.noseLength;
  const grey = Math.max(0, person.age - 0.45) * 1.6;
  return {
    person,
    conditions,
    layout: {
      halfWidth: 92 * person.faceWidth,
      chin,
      eyes: person.eyeHeight,
      noseTip,
      // A low nose pushes the mouth down, but never off the chin.
      mouth: Math.min(noseTip + person.mouthDrop, chin - 18 - person.mouthHeight / 2),
    },
    project: projection(conditions.pose),
    skin: {
      base,
      light: mix(base, [255, 236, 214], 0.42),
      shade: glaze(base, [216, 176, 158]),
      deep: mix(glaze(base, [148, 96, 84]), black, 0.12),
    },
    hair: mix(along(hairColours, person.hairColour), [214, 212, 208], Math.min(grey, 0.9)),
    id: (name) => `${prefix}${name}`,
  };
}

/** Yaw and pitch of an egg-shaped head; roll turns the whole drawing and is left to the figure. */
function projection({ yaw, pitch }: Pose): Project {
  const [sinYaw, cosYaw] = [Math.sin((yaw * Math.PI) / 180), Math.cos((yaw * Math.PI) / 180)];
  const [sinPitch, cosPitch] = [Math.sin((pitch * Math.PI) / 180), Math.cos((pitch * Math.PI) / 180)];
  return (x, y, lift = 0) => {
    const depth = 80 * Math.sqrt(Math.max(0, 1 - (x / 112) ** 2 - (y / 155) ** 2)) + lift;
    return [x * cosYaw + depth * sinYaw, y * cosPitch + (depth * cosYaw - x * sinYaw) * sinPitch];
  };
}
