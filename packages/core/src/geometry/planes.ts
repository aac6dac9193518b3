import { pixelKernel } from "./kernel.js";

export interface PlanarOptions {
  readonly channels: "rgb" | "bgr";
  /** Per channel in the net's order: value = (pixel − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * RGB rows of `count` images of `area` pixels each to float32 planes, N × 3 × H × W. They lie in memory of this module,
 * good until the next image is resized, aligned or made planes of on this thread: copy what is to be kept.
 */
export function toPlanes(rgb: Uint8Array, count: number, area: number, options: PlanarOptions): Float32Array {
  const planesAt = 16;
  const rgbAt = planesAt + count * area * 3 * 4;
  const { kernel, memory } = pixelKernel(rgbAt + count * area * 3 + 4);
  memory.set(rgb.subarray(0, count * area * 3), rgbAt);
  const [red, green, blue] = options.channels === "rgb" ? ([0, 1, 2] as const) : ([2, 1, 0] as const);
  const mean = (channel: number): number => options.mean[channel] ?? 0;
  const scale = (channel: number): number => 1 / (options.std[channel] ?? 1);
  for (let n = 0; n < count; n++) {
    const plane = (channel: number): number => planesAt + (n * 3 + channel) * area * 4;
    kernel.planes(
      rgbAt + n * area * 3,
      area,
      plane(red),
      plane(green),
      plane(blue),
      mean(red),
      mean(green),
      mean(blue),
      scale(red),
      scale(green),
      scale(blue),
    );
  }
  return new Float32Array(memory.buffer, planesAt, count * area * 3);
}
