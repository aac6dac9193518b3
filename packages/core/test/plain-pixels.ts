import type { SimilarityTransform } from "../src/geometry/similarity-transform.js";
import type { DecodedImage } from "../src/spec/image.js";

/** Resizing and warping as their docstrings say it, in the fewest lines and in doubles: what the kernel must agree with. */

/** The mean of the area under each target pixel; bilinear, the border repeated, where the image is enlarged. */
export function plainResize(image: DecodedImage, width: number, height: number): number[] {
  const columns = plainWeights(image.width, width);
  const rows = plainWeights(image.height, height);
  return rows.flatMap((row) =>
    columns.flatMap((column) =>
      [0, 1, 2].map((channel) => {
        let sum = 0;
        for (const [y, vertical] of row) {
          for (const [x, horizontal] of column) sum += vertical * horizontal * valueAt(image, x, y, channel);
        }
        return sum;
      }),
    ),
  );
}

/** For each target pixel the source pixels that make it, with weights that sum to 1. */
function plainWeights(source: number, target: number): [number, number][][] {
  const scale = source / target;
  return Array.from({ length: target }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const weighted = Array.from({ length: source }, (_, s): [number, number] => {
      const covered = Math.min(s + 1, centre + scale / 2) - Math.max(s, centre - scale / 2);
      return [s, Math.max(0, scale < 1 ? 1 - Math.abs(s + 0.5 - centre) : covered)];
    });
    const sum = weighted.reduce((total, [, weight]) => total + weight, 0);
    return weighted.filter(([, weight]) => weight > 0).map(([s, weight]) => [s, weight / sum]);
  });
}

/** Each chip pixel is the mean of bilinear samples about one image pixel apart, at most 64 each way; black outside. */
export function plainWarp(
  image: DecodedImage,
  { a, b, tx, ty }: SimilarityTransform,
  width: number,
  height: number,
): number[] {
  const squared = a * a + b * b;
  const samples = Math.min(64, Math.max(1, Math.ceil(1 / Math.sqrt(squared) - 1e-6)));
  const out: number[] = [];
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const sums = [0, 0, 0];
      for (let j = 0; j < samples; j++) {
        for (let i = 0; i < samples; i++) {
          const dx = u + (i + 0.5) / samples - tx;
          const dy = v + (j + 0.5) / samples - ty;
          const x = (a * dx + b * dy) / squared - 0.5;
          const y = (a * dy - b * dx) / squared - 0.5;
          for (let channel = 0; channel < 3; channel++) {
            sums[channel] = (sums[channel] ?? 0) + bilinear(image, x, y, channel) / samples ** 2;
          }
        }
      }
      out.push(...sums);
    }
  }
  return out;
}

function bilinear(image: DecodedImage, x: number, y: number, channel: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - left, y - top];
  return (
    (1 - fx) * (1 - fy) * valueAt(image, left, top, channel) +
    fx * (1 - fy) * valueAt(image, left + 1, top, channel) +
    (1 - fx) * fy * valueAt(image, left, top + 1, channel) +
    fx * fy * valueAt(image, left + 1, top + 1, channel)
  );
}

function valueAt({ data, width, height, channels }: DecodedImage, x: number, y: number, channel: number): number {
  if (x < 0 || y < 0 || x >= width || y >= height) return 0;
  return data[(y * width + x) * channels + channel] ?? 0;
}
