import { expect, test } from "vitest";
import { toPlanes } from "../src/geometry/planes.js";
import { seeded } from "./seeded.js";

test("pixels become planes of (value - mean) × (1 / std) in float32, in the net's order of colours", () => {
  const random = seeded(5);
  for (const area of [1, 2, 3, 4, 7, 64, 121]) {
    for (const count of [1, 3]) {
      const rgb = Uint8Array.from({ length: count * area * 3 }, () => random() * 256);
      for (const channels of ["rgb", "bgr"] as const) {
        const mean = [10, 127.5, 0];
        const std = [1, 128, 57];
        const expected = new Float32Array(rgb.length);
        for (let n = 0; n < count; n++) {
          for (let channel = 0; channel < 3; channel++) {
            const source = channels === "rgb" ? channel : 2 - channel;
            for (let i = 0; i < area; i++) {
              const value = rgb[(n * area + i) * 3 + source] ?? 0;
              const scale = Math.fround(1 / (std[channel] ?? 1));
              expected[(n * 3 + channel) * area + i] = Math.fround(value - (mean[channel] ?? 0)) * scale;
            }
          }
        }
        const planes = toPlanes(rgb, count, area, { channels, mean, std });
        expect(planes).toEqual(expected);
      }
    }
  }
});
