import { pixelKernel } from "./kernel.js";

export interface PlanarOptions {
  readonly channels: "rgb" | "bgr";
  /** Per channel in the net's order: value = (pixel − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** RGB rows of `count` images of `area` pixels each to float32 planes, N × 3 × H × W. */
export function toPlanes(rgb: Uint8Array, count: number, area: number, options: PlanarOptions): Float32Array {
  const planesAt = 16;
  const rgbAt = planesAt + Math.ceil(area / 4) * 16 * 3;
  const { kernel, memory } = pixelKernel(rgbAt + area * 3 + 16);
  const made = new Float32Array(memory.buffer, planesAt, area * 3);
  const planes = count === 1 ? undefined : new Float32Array(count * 3 * area);
  for (let n = 0; n < count; n++) {
    memory.set(rgb.subarray(n * area * 3, (n + 1) * area * 3), rgbAt);
    for (let channel = 0; channel < 3; channel++) {
      const source = options.channels === "rgb" ? channel : 2 - channel;
      const scale = 1 / (options.std[channel] ?? 1);
      kernel.plane(rgbAt, area, source, options.mean[channel] ?? 0, scale, planesAt + channel * area * 4);
    }
    planes?.set(made, n * area * 3);
  }
  // A copy of one is not filled with zeros first.
  return planes ?? made.slice();
}
