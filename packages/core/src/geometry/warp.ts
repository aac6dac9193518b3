import { FaceKitError } from "../errors.js";
import type { DecodedImage } from "../spec/image.js";
import { invertSimilarity, isInvertible, type SimilarityTransform, scaleOf } from "./similarity-transform.js";

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
  const { data, channels } = image;
  const inverse = invertSimilarity(transform);
  const stride = image.width * channels;
  const lastX = image.width - 1;
  const lastY = image.height - 1;
  const samples = Math.min(maxSamples, Math.max(1, Math.ceil(1 / scaleOf(transform) - 1e-6)));
  const weight = 1 / (samples * samples);
  let o = offset;
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = 0; j < samples; j++) {
        const cy = v + (j + 0.5) / samples;
        for (let i = 0; i < samples; i++) {
          const cx = u + (i + 0.5) / samples;
          // Pixel values sit at pixel centres, hence the half.
          const x = inverse.a * cx - inverse.b * cy + inverse.tx - 0.5;
          const y = inverse.b * cx + inverse.a * cy + inverse.ty - 0.5;
          if (x <= -1 || y <= -1 || x >= image.width || y >= image.height) continue;
          const x0 = Math.floor(x);
          const y0 = Math.floor(y);
          const fx = x - x0;
          const fy = y - y0;
          const left = x0 >= 0;
          const right = x0 < lastX;
          const top = y0 >= 0;
          const bottom = y0 < lastY;
          const p = y0 * stride + x0 * channels;
          if (left && top) {
            const w = (1 - fx) * (1 - fy);
            red += w * (data[p] as number);
            green += w * (data[p + 1] as number);
            blue += w * (data[p + 2] as number);
          }
          if (right && top) {
            const w = fx * (1 - fy);
            const q = p + channels;
            red += w * (data[q] as number);
            green += w * (data[q + 1] as number);
            blue += w * (data[q + 2] as number);
          }
          if (left && bottom) {
            const w = (1 - fx) * fy;
            const q = p + stride;
            red += w * (data[q] as number);
            green += w * (data[q + 1] as number);
            blue += w * (data[q + 2] as number);
          }
          if (right && bottom) {
            const w = fx * fy;
            const q = p + stride + channels;
            red += w * (data[q] as number);
            green += w * (data[q + 1] as number);
            blue += w * (data[q + 2] as number);
          }
        }
      }
      out[o] = red * weight + 0.5;
      out[o + 1] = green * weight + 0.5;
      out[o + 2] = blue * weight + 0.5;
      o += 3;
    }
  }
}
