import type { Face, Scene } from "@facekit/core";

/** What OpenCV found in the pixels of one look: x, y, width, height, five landmarks (x, y), score, in pixels of the look. */
interface OpenCvLook {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly (readonly number[])[];
}

export interface OpenCvPhoto {
  readonly whole: { readonly width: number; readonly height: number };
  /** By the longest side in pixels. */
  readonly looks: Readonly<Record<string, OpenCvLook>>;
}

/** Written by `opencv-yunet.py`. */
export interface OpenCvMeasurement {
  readonly opencv: string;
  readonly photos: Readonly<Record<string, OpenCvPhoto>>;
}

export interface Agreement {
  /** Faces that both have. */
  readonly matched: number;
  /** Largest distance of a box side or landmark coordinate, in pixels of the net's input and of the photo. */
  readonly inputPixels: number;
  readonly photoPixels: number;
  /** Faces of OpenCV's that we do not have. */
  readonly missing: number;
  /** Of ours that neither of OpenCV's looks has. */
  readonly extra: number;
  /** OpenCV's of the first look that lie within a close-up which the second look added: we drop those by design. */
  readonly insideCloseUps: number;
}

const firstSide: Readonly<Record<Exclude<Scene, "crowd">, string>> = { group: "640", portrait: "320" };
const closeUpSide = "160";

/**
 * Compares what our YuNet found with OpenCV's two looks. Each of our faces is held against the nearest one of either look,
 * each of OpenCV's first look against ours.
 */
export function compareWithOpenCv(
  ours: readonly Face[],
  { whole, looks }: OpenCvPhoto,
  scene: Exclude<Scene, "crowd">,
): Agreement {
  const [first, second] = [looks[firstSide[scene]], looks[closeUpSide]].map((look) => facesOf(look, whole));
  if (first === undefined || second === undefined) throw new Error(`OpenCV's looks at this photo are incomplete.`);
  // What the first look has is the first look's.
  const nearest = ours.map((face) => {
    const inFirst = nearestOf(face, first);
    if (inFirst !== undefined && inFirst.inputPixels <= sameFace) return { ...inFirst, look: 1 };
    const inSecond = nearestOf(face, second);
    return inSecond !== undefined && inSecond.inputPixels <= sameFace ? { ...inSecond, look: 2 } : undefined;
  });
  const agreed = nearest.flatMap((one) => one ?? []);
  const closeUps = agreed.filter(({ look }) => look === 2).map(({ theirs }) => theirs);
  const unmatched = first.filter((theirs) => agreed.every((one) => one.theirs !== theirs));
  const inside = unmatched.filter((theirs) => closeUps.some((closeUp) => holdsMiddle(closeUp, theirs)));
  return {
    matched: agreed.length,
    inputPixels: Math.max(0, ...agreed.map(({ inputPixels }) => inputPixels)),
    photoPixels: Math.max(0, ...agreed.map(({ photoPixels }) => photoPixels)),
    missing: unmatched.length - inside.length,
    extra: ours.length - agreed.length,
    insideCloseUps: inside.length,
  };
}

/** Above this many pixels of the input two faces are not the same face measured differently. */
const sameFace = 5;

interface TheirFace {
  /** Sides of the box and landmarks, x and y in turn, in pixels of the photo. */
  readonly numbers: readonly number[];
  readonly scale: { readonly x: number; readonly y: number };
}

function facesOf(look: OpenCvLook | undefined, whole: OpenCvPhoto["whole"]): TheirFace[] | undefined {
  if (look === undefined) return undefined;
  const scale = { x: whole.width / look.width, y: whole.height / look.height };
  return look.faces.map(([x = 0, y = 0, width = 0, height = 0, ...rest]) => ({
    numbers: [x, y, x + width, y + height, ...rest.slice(0, 10)].map((value, i) => value * (i % 2 ? scale.y : scale.x)),
    scale,
  }));
}

function numbersOf({ box, landmarks }: Face): number[] {
  const { x, y, width, height } = box;
  return [x, y, x + width, y + height, ...(landmarks ?? []).flatMap((point) => [point.x, point.y])];
}

function nearestOf(
  face: Face,
  candidates: readonly TheirFace[],
): { readonly theirs: TheirFace; readonly inputPixels: number; readonly photoPixels: number } | undefined {
  const ours = numbersOf(face);
  const distances = candidates.map((theirs) => {
    const apart = theirs.numbers.map((value, i) => Math.abs(value - (ours[i] ?? Number.NaN)));
    return {
      theirs,
      inputPixels: Math.max(...apart.map((value, i) => value / (i % 2 ? theirs.scale.y : theirs.scale.x))),
      photoPixels: Math.max(...apart),
    };
  });
  return distances.sort((a, b) => a.inputPixels - b.inputPixels)[0];
}

function holdsMiddle({ numbers: outer }: TheirFace, { numbers: inner }: TheirFace): boolean {
  const [left = 0, top = 0, right = 0, bottom = 0] = outer;
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = inner;
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return x > left && x < right && y > top && y < bottom;
}
