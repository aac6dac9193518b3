import {
  type Box,
  type CallOptions,
  type DecodedImage,
  type Detector,
  disposeAll,
  type Face,
  type FiveLandmarks,
  type Point,
  type SimilarityTransform,
  specVersion,
  warpInto,
} from "@facekit/core";
import { finest } from "./finest.js";
import { runModel } from "./run-model.js";
import type { OnnxSession } from "./session.js";

/** Input side in pixels. */
const side = 112;

/** The square that the landmark net looks at: where its centre lies and how wide it is, relative to the box. */
export interface LandmarkCrop {
  /** Of the box's width. */
  readonly scale: number;
  /** Of the box's height; negative is higher in the image. */
  readonly shiftY: number;
}

/** Measures the 68 points of each face in one batch, and the five that follow from them. */
export async function withLandmarks68(
  session: OnnxSession,
  image: DecodedImage,
  faces: readonly (Face & { readonly crop: LandmarkCrop })[],
  options: CallOptions = {},
): Promise<Face[]> {
  if (faces.length === 0) return [];
  const bytes = side * side * 3;
  const data = new Uint8Array(faces.length * bytes);
  const squares = faces.map(({ box, crop }) => squareOf(box, crop));
  const source = await finest(image, squares.map(toChip), options);
  source.transforms.forEach((transform, i) => {
    warpInto(source.image, transform, side, side, data, i * bytes);
  });
  const dims = [faces.length, side, side, 3];
  const points = (await runModel(session, "landmarks-68", { type: "uint8", data, dims }))("landmarks");
  return faces.map(({ box, score }, i) => {
    const square = squares[i] ?? { x: 0, y: 0, size: 1 };
    const landmarks68 = Array.from({ length: 68 }, (_, n) => ({
      x: square.x + (points[i * 136 + n * 2] ?? 0) * square.size,
      y: square.y + (points[i * 136 + n * 2 + 1] ?? 0) * square.size,
    }));
    return { box, score, landmarks: fiveOf(landmarks68), landmarks68 };
  });
}

/** A detector that measures the 68 points too, on its own boxes made square; its five landmarks stay as they are. */
export function detectorWithLandmarks68(detector: Detector, session: OnnxSession): Detector {
  return {
    specVersion,
    id: `${detector.id}+landmarks-68`,
    capabilities: { ...detector.capabilities, landmarks68: true },
    ...(detector.enough === undefined ? {} : { enough: detector.enough }),

    async detect(image, options = {}) {
      const found = await detector.detect(image, options);
      const { signal } = options;
      const crops = found.map((face) => ({ ...face, crop: { scale: longerSide(face.box), shiftY: 0 } }));
      const measured = await withLandmarks68(session, image, crops, signal && { signal });
      return measured.map((face, i) => ({ ...face, ...found[i] }));
    },

    async [Symbol.asyncDispose]() {
      await disposeAll([detector, session]);
    },
  };
}

/** Of the box's width. */
function longerSide({ width, height }: Box): number {
  return Math.max(1, height / width);
}

interface Square extends Point {
  readonly size: number;
}

function squareOf(box: Box, crop: LandmarkCrop): Square {
  const size = box.width * crop.scale;
  return {
    x: box.x + box.width / 2 - size / 2,
    y: box.y + box.height / 2 + crop.shiftY * box.height - size / 2,
    size,
  };
}

function toChip(square: Square): SimilarityTransform {
  const scale = side / square.size;
  return { a: scale, b: 0, tx: -square.x * scale, ty: -square.y * scale };
}

/** Eye centres are the means of each eye's outline; nose tip and mouth corners are points of their own (iBUG 300-W). */
function fiveOf(points: readonly Point[]): FiveLandmarks {
  const at = (index: number): Point => points[index] ?? { x: 0, y: 0 };
  return [middle(points.slice(36, 42)), middle(points.slice(42, 48)), at(30), at(48), at(54)];
}

function middle(points: readonly Point[]): Point {
  const sum = points.reduce((total, p) => ({ x: total.x + p.x, y: total.y + p.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
