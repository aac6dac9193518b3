import {
  type Box,
  type DecodedImage,
  type Detector,
  type Face,
  overlapOfSmaller,
  type Point,
  placeFace,
  specVersion,
  suppressOverlaps,
} from "@facekit/core";
import type { YunetCard } from "@facekit/models";
import { checkedDetectOptions } from "./detect-options.js";
import { enough } from "./finest.js";
import { type Canvas, checkImage, placeOnCanvas } from "./pixels.js";
import { runModel } from "./run-model.js";
import type { OnnxPixels, OnnxSession, RunOptions } from "./session.js";
import { imageTiles } from "./tiles.js";

const strides = [8, 16, 32] as const;
/** Of the model's own demo (opencv_zoo face_detection_yunet). */
const maxOverlap = 0.3;
/** Longest side in pixels at which each kind of photo is searched. */
const searchSide = { portrait: 320, group: 640, crowd: 640 } as const;
/** YuNet misses faces above some 300 pixels, so what may hold one gets a second look at the smaller size. */
const largestFace = 300;
const closeUpSide = 160;

/** Of the two looks, how alike two boxes must be to be the same face: sizes differ more between looks than within. */
const sameFaceOverlap = 0.3;

/** YuNet (W. Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023): boxes and five landmarks. */
export function yunetDetector(card: YunetCard, session: OnnxSession): Detector {
  const { width: inputWidth, channels, mean, std } = card.input;
  const fixed = inputWidth === "dynamic" ? undefined : inputWidth;
  const planes = { channels, mean, std };

  /** An image shrunk to `side`, and what the net takes of it. */
  const canvasOf = (image: DecodedImage, side: number): Canvas & { readonly input: OnnxPixels } => {
    const longest = Math.min(side, Math.max(image.width, image.height));
    const sideFor = (length: number): number =>
      fixed ?? Math.ceil((length * longest) / Math.max(image.width, image.height) / 32) * 32;
    const shape = { width: sideFor(image.width), height: sideFor(image.height), centred: false };
    const canvas = placeOnCanvas(image, longest, shape);
    return { ...canvas, input: { type: "pixels", data: canvas.data, dims: [1, canvas.height, canvas.width], planes } };
  };

  const facesOn = async (
    { input, width, height, scale }: ReturnType<typeof canvasOf>,
    minScore: number,
    options?: RunOptions,
  ): Promise<Face[]> => {
    const output = await runModel(session, card.id, input, options);
    return decode(output, width, height, minScore).map((face) => placeFace(face, { x: 0, y: 0 }, scale));
  };

  /** One look at an image shrunk to `side`. */
  const look = (image: DecodedImage, side: number, minScore: number): Promise<Face[]> =>
    facesOn(canvasOf(image, side), minScore);

  const lookTwice = async (image: DecodedImage, side: number, minScore: number): Promise<Face[]> => {
    const first = look(image, side, minScore);
    if (Math.min(side, Math.max(image.width, image.height)) <= largestFace) return first;
    // Its input is made while the net is at the first look, and waits there for its turn.
    const second = facesOn(canvasOf(image, closeUpSide), minScore, { alongside: true });
    const [faces, closeUps] = await Promise.all([first, second]);
    // The first look places a face better; the second adds what was too large for it.
    const added = closeUps.filter((face) =>
      faces.every((other) => overlapOfSmaller(face.box, other.box) <= sameFaceOverlap),
    );
    const kept = faces.filter((face) => added.every((closeUp) => !contains(closeUp.box, face.box)));
    return [...kept, ...added];
  };

  return {
    specVersion,
    id: card.id,
    capabilities: { landmarks: true, landmarks68: false },
    enough,

    async detect(image, options = {}) {
      const { scene, minScore, maxFaces, signal } = checkedDetectOptions(options, card.minScore);
      checkImage(image, card.id);
      signal?.throwIfAborted();
      let faces = await lookTwice(image, searchSide[scene], minScore);
      if (scene === "portrait" && faces.length === 0) {
        signal?.throwIfAborted();
        faces = await look(image, searchSide.group, minScore);
      }
      if (scene === "crowd") {
        for (const tile of imageTiles(image, searchSide.crowd)) {
          signal?.throwIfAborted();
          for (const face of await look(tile.image, searchSide.crowd, minScore)) {
            if (!tile.cuts(face.box)) faces.push(placeFace(face, tile, { x: 1, y: 1 }));
          }
        }
      }
      signal?.throwIfAborted();
      return suppressOverlaps(faces, maxOverlap).slice(0, maxFaces);
    },

    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
    },
  };
}

/** Reads the heads as in OpenCV's FaceDetectorYN (modules/objdetect/src/face_detect.cpp). */
function decode(output: (name: string) => Float32Array, width: number, height: number, minScore: number): Face[] {
  const faces: Face[] = [];
  for (const stride of strides) {
    const classes = output(`cls_${stride}`);
    const objectness = output(`obj_${stride}`);
    const boxes = output(`bbox_${stride}`);
    const keypoints = output(`kps_${stride}`);
    const columns = width / stride;
    const cells = columns * (height / stride);
    for (let cell = 0; cell < cells; cell++) {
      const score = Math.sqrt(unit(classes[cell]) * unit(objectness[cell]));
      if (!(score >= minScore)) continue;
      const column = cell % columns;
      const row = Math.floor(cell / columns);
      const [dx = 0, dy = 0, logWidth = 0, logHeight = 0] = boxes.subarray(cell * 4, cell * 4 + 4);
      const boxWidth = Math.exp(logWidth) * stride;
      const boxHeight = Math.exp(logHeight) * stride;
      const point = (index: number): Point => ({
        x: ((keypoints[cell * 10 + index * 2] ?? 0) + column) * stride,
        y: ((keypoints[cell * 10 + index * 2 + 1] ?? 0) + row) * stride,
      });
      faces.push({
        score,
        box: {
          x: (column + dx) * stride - boxWidth / 2,
          y: (row + dy) * stride - boxHeight / 2,
          width: boxWidth,
          height: boxHeight,
        },
        landmarks: [point(0), point(1), point(2), point(3), point(4)],
      });
    }
  }
  return suppressOverlaps(faces, maxOverlap);
}

/** Whether most of `inner` lies in `outer`: a nose or an eye that was taken for a face of its own. */
function contains(outer: Box, inner: Box): boolean {
  const x = inner.x + inner.width / 2;
  const y = inner.y + inner.height / 2;
  return x > outer.x && x < outer.x + outer.width && y > outer.y && y < outer.y + outer.height;
}

function unit(value: number | undefined): number {
  return Math.min(1, Math.max(0, value ?? 0));
}
