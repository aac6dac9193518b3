import { FaceKitError } from "../errors.js";
import type { Box } from "../spec/face.js";
import type { DecodedImage } from "../spec/image.js";
import { pixelKernel } from "./kernel.js";
import {
  invertSimilarity,
  isInvertible,
  type SimilarityTransform,
  scaleOf,
  transformPoint,
} from "./similarity-transform.js";

/**
 * No chip pixel takes a grid of more than this in each direction: enough for a face that fills a photo of 80 million
 * pixels, and a bound on what a detector's nonsense can cost.
 */
const maxSamples = 64;

/**
 * Cuts a `width` × `height` chip out of an image and writes it as RGB rows to `out` at `offset`.
 *
 * `transform` takes image positions to chip positions, both with pixel (i, j) covering [i, i+1) × [j, j+1).
 * Where the image is shrunk, each chip pixel is the mean of a grid of bilinear samples about one image pixel apart:
 * bilinear alone would alias and costs accuracy. What lies outside the image is black.
 * Throws `invalid-argument` when the transform has no scale or numbers that are not finite.
 */
export function warpInto(
  image: DecodedImage,
  transform: SimilarityTransform,
  width: number,
  height: number,
  out: Uint8Array,
  offset = 0,
): void {
  if (!isInvertible(transform)) {
    throw new FaceKitError(
      "invalid-argument",
      `A chip wants a transform of finite numbers and a scale above 0; got scale ${scaleOf(transform)}.`,
    );
  }
  const inverse = invertSimilarity(transform);
  const samples = Math.min(maxSamples, Math.max(1, Math.ceil(1 / scaleOf(transform) - 1e-6)));
  const length = width * height * 3;
  const { x, y, width: columns, height: rows } = regionUnder(image, inverse, width, height);
  if (columns <= 0 || rows <= 0) {
    out.fill(0, offset, offset + length);
    return;
  }
  const { data, channels } = image;
  const stride = columns * channels;
  const pixelsAt = 16 + length + 4;
  const { kernel, memory } = pixelKernel(pixelsAt + rows * stride + 8);
  for (let row = 0; row < rows; row++) {
    const from = ((y + row) * image.width + x) * channels;
    memory.set(data.subarray(from, from + stride), pixelsAt + row * stride);
  }
  // Pixel values sit at pixel centres, hence the half.
  const [tx, ty] = [inverse.tx - 0.5 - x, inverse.ty - 0.5 - y];
  kernel.warp(pixelsAt, columns, rows, channels, inverse.a, inverse.b, tx, ty, samples, width, height, 16);
  out.set(memory.subarray(16, 16 + length), offset);
}

/** The part of the image that a chip is made from. Empty, or less than that, where the chip lies beside the image. */
function regionUnder(image: DecodedImage, inverse: SimilarityTransform, width: number, height: number): Box {
  const corners = [
    { x: 0, y: 0 },
    { x: width, y: 0 },
    { x: 0, y: height },
    { x: width, y: height },
  ].map((corner) => transformPoint(inverse, corner));
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const left = Math.max(0, Math.floor(Math.min(...xs)) - 1);
  const top = Math.max(0, Math.floor(Math.min(...ys)) - 1);
  const right = Math.min(image.width, Math.ceil(Math.max(...xs)) + 1);
  const bottom = Math.min(image.height, Math.ceil(Math.max(...ys)) + 1);
  return { x: left, y: top, width: right - left, height: bottom - top };
}
