import type { AlignmentTemplate, Point } from "@facekit/core";
import type { ModelInput } from "./card.js";

/** The five-point template of ArcFace (insightface `face_align.py`, `arcface_dst`), on which most nets since are trained. */
export const arcFaceTemplate: AlignmentTemplate = {
  size: 112,
  points: "landmarks",
  targets: [
    { x: 38.2946, y: 51.6963 },
    { x: 73.5318, y: 51.5014 },
    { x: 56.0252, y: 71.7366 },
    { x: 41.5493, y: 92.3655 },
    { x: 70.7299, y: 92.2041 },
  ],
};

/** What most ArcFace-style nets take with it: RGB in -1..1. */
export const arcFaceInput: ModelInput = {
  layout: "NCHW-float32",
  width: 112,
  height: 112,
  channels: "rgb",
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
};

/** Of face-reidentification-retail-0095: Open Model Zoo publishes it as shares of the chip's side. */
export const retail0095Template: AlignmentTemplate = {
  size: 128,
  points: "landmarks",
  targets: [
    { x: 0.31556875, y: 0.4615741 },
    { x: 0.68262292, y: 0.4615741 },
    { x: 0.5002625, y: 0.64053541 },
    { x: 0.34947187, y: 0.82469196 },
    { x: 0.65343645, y: 0.82469196 },
  ].map(({ x, y }) => ({ x: x * 128, y: y * 128 })),
};

/**
 * dlib's mean face, points 27..54 (nose, eyes, upper lip's outer edge) and 60..64 (its inner edge) of the 68, the span
 * of points 17..67 being about 1. Eyebrows and lower lip move too much to align by.
 * dlib 19.24, dlib/image_transforms/interpolation.h, `get_face_chip_details` (`mean_face_shape_x`, `_y`).
 */
const dlibMeanFace: readonly (readonly [index: number, x: number, y: number])[] = [
  [27, 0.490127, 0.203352],
  [28, 0.490127, 0.307009],
  [29, 0.490127, 0.409805],
  [30, 0.490127, 0.515625],
  [31, 0.36688, 0.587326],
  [32, 0.426036, 0.609345],
  [33, 0.490127, 0.628106],
  [34, 0.554217, 0.609345],
  [35, 0.613373, 0.587326],
  [36, 0.121737, 0.216423],
  [37, 0.187122, 0.178758],
  [38, 0.265825, 0.179852],
  [39, 0.334606, 0.231733],
  [40, 0.260918, 0.245099],
  [41, 0.182743, 0.244077],
  [42, 0.645647, 0.231733],
  [43, 0.714428, 0.179852],
  [44, 0.793132, 0.178758],
  [45, 0.858516, 0.216423],
  [46, 0.79751, 0.244077],
  [47, 0.719335, 0.245099],
  [48, 0.254149, 0.780233],
  [49, 0.340985, 0.745405],
  [50, 0.428858, 0.727388],
  [51, 0.490127, 0.742578],
  [52, 0.551395, 0.727388],
  [53, 0.639268, 0.745405],
  [54, 0.726104, 0.780233],
  [60, 0.290379, 0.784792],
  [61, 0.428096, 0.778746],
  [62, 0.490127, 0.785343],
  [63, 0.552157, 0.778746],
  [64, 0.689874, 0.784792],
];

/**
 * The chip of dlib's face recognition: 150 pixels, a padding of 0.25 on each side of the mean face.
 * dlib maps `size / 2` to the middle of its chip, so its chip coordinates are ours: pixel centres at .5.
 */
export const dlibTemplate: AlignmentTemplate = dlibChip(150, 0.25, 0);

/**
 * The same for the points of `landmarks-68`, which are not quite where dlib's own are: the face 7 % larger and 4 pixels
 * higher. Measured; `docs/models.md` tells on which photos.
 */
export const dlibTemplateForLandmarks68: AlignmentTemplate = dlibChip(150, 0.2, -4);

function dlibChip(size: number, padding: number, shiftY: number): AlignmentTemplate {
  const place = (share: number): number => ((padding + share) / (2 * padding + 1)) * size;
  return {
    size,
    points: { landmarks68: dlibMeanFace.map(([index]) => index) },
    targets: dlibMeanFace.map(([, x, y]): Point => ({ x: place(x), y: place(y) + shiftY })),
  };
}
