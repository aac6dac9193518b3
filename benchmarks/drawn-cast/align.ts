import type { Pixels } from "./detect.js";

/** The square around the template's five points, cut from the picture by the least-squares similarity. RGB bytes. */
export function alignedChip(
  pixels: Pixels,
  landmarks: readonly number[],
  template: readonly number[],
  side: number,
): Uint8Array {
  // Solved from chip to picture, which is the direction that sampling needs.
  const { a, b, x: shiftX, y: shiftY } = similarity(template, landmarks);
  // A shrunk face is averaged over sub-samples: bilinear alone would alias.
  const steps = Math.min(4, Math.max(1, Math.ceil(Math.hypot(a, b))));
  const chip = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const sum = [0, 0, 0];
      for (let step = 0; step < steps * steps; step++) {
        const u = column + ((step % steps) + 0.5) / steps - 0.5;
        const v = row + (Math.floor(step / steps) + 0.5) / steps - 0.5;
        addBilinear(pixels, a * u - b * v + shiftX, b * u + a * v + shiftY, sum);
      }
      for (let channel = 0; channel < 3; channel++)
        chip[(row * side + column) * 3 + channel] = Math.round((sum[channel] ?? 0) / steps ** 2);
    }
  return chip;
}

function addBilinear({ data, width, height }: Pixels, x: number, y: number, sum: number[]): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  for (let corner = 0; corner < 4; corner++) {
    const column = left + (corner & 1);
    const row = top + (corner >> 1);
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    for (let channel = 0; channel < 3; channel++)
      sum[channel] = (sum[channel] ?? 0) + weight * (data[(row * width + column) * 3 + channel] ?? 0);
  }
}

function similarity(from: readonly number[], to: readonly number[]): { a: number; b: number; x: number; y: number } {
  const points = from.length / 2;
  const mean = (values: readonly number[], offset: number): number =>
    values.reduce((sum, value, at) => (at % 2 === offset ? sum + value : sum), 0) / points;
  const [fromX, fromY, toX, toY] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let [dot, cross, norm] = [0, 0, 0];
  for (let at = 0; at < from.length; at += 2) {
    const [px, py] = [(from[at] ?? 0) - fromX, (from[at + 1] ?? 0) - fromY];
    const [qx, qy] = [(to[at] ?? 0) - toX, (to[at + 1] ?? 0) - toY];
    dot += px * qx + py * qy;
    cross += px * qy - py * qx;
    norm += px * px + py * py;
  }
  const [a, b] = [dot / norm, cross / norm];
  return { a, b, x: toX - a * fromX + b * fromY, y: toY - b * fromX - a * fromY };
}
