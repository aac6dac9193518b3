import type { DecodedImage } from "../spec/image.js";

/**
 * Shrinks or enlarges to `width` × `height` RGB. Shrinking averages the area under each target pixel, which keeps small
 * faces that sampling would lose; enlarging is bilinear. Both are separable, so each source value is read once.
 */
export function resize(image: DecodedImage, width: number, height: number): DecodedImage {
  if (width === image.width && height === image.height && image.channels === 3) return image;
  const columns = weights(image.width, width);
  const rows = weights(image.height, height);
  const { data, channels } = image;
  const out = new Uint8Array(width * height * 3);
  const lines = new Map<number, Float32Array>();
  const sum = new Float32Array(width * 3);
  for (let v = 0; v < height; v++) {
    sum.fill(0);
    const from = rows.start[v] as number;
    const to = from + (rows.count[v] as number);
    for (const line of lines.keys()) if (line < from) lines.delete(line);
    for (let y = from; y < to; y++) {
      let line = lines.get(y);
      if (line === undefined) {
        line = shrinkLine(data, y * image.width * channels, channels, columns, width);
        lines.set(y, line);
      }
      const weight = rows.values[v * rows.stride + y - from] as number;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (line[i] as number);
    }
    const o = v * width * 3;
    for (let i = 0; i < sum.length; i++) out[o + i] = (sum[i] as number) + 0.5;
  }
  return { data: out, width, height, channels: 3 };
}

function shrinkLine(
  data: DecodedImage["data"],
  offset: number,
  channels: number,
  columns: Weights,
  width: number,
): Float32Array {
  const line = new Float32Array(width * 3);
  for (let u = 0; u < width; u++) {
    let red = 0;
    let green = 0;
    let blue = 0;
    const count = columns.count[u] as number;
    let p = offset + (columns.start[u] as number) * channels;
    for (let i = 0; i < count; i++) {
      const weight = columns.values[u * columns.stride + i] as number;
      red += weight * (data[p] as number);
      green += weight * (data[p + 1] as number);
      blue += weight * (data[p + 2] as number);
      p += channels;
    }
    line[u * 3] = red;
    line[u * 3 + 1] = green;
    line[u * 3 + 2] = blue;
  }
  return line;
}

interface Weights {
  readonly start: Int32Array;
  readonly count: Int32Array;
  readonly values: Float32Array;
  readonly stride: number;
}

/** Which source pixels make each target pixel, with weights that sum to 1: a box when shrinking, a triangle when enlarging. */
function weights(source: number, target: number): Weights {
  const scale = source / target;
  const half = Math.max(scale / 2, 0.5);
  const stride = Math.ceil(half * 2) + 2;
  const start = new Int32Array(target);
  const count = new Int32Array(target);
  const values = new Float32Array(target * stride);
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    const enlarging = scale < 1;
    const reach = enlarging ? 1 : half;
    const first = Math.max(0, Math.floor(centre - reach + (enlarging ? 0.5 : 0)));
    const last = Math.min(source - 1, Math.ceil(centre + reach - (enlarging ? 0.5 : 0)) - 1);
    let sum = 0;
    for (let s = first; s <= last; s++) {
      const covered = Math.min(s + 1, centre + half) - Math.max(s, centre - half);
      const weight = enlarging ? 1 - Math.abs(s + 0.5 - centre) : covered;
      values[i * stride + s - first] = Math.max(0, weight);
      sum += Math.max(0, weight);
    }
    start[i] = first;
    count[i] = last - first + 1;
    for (let s = first; s <= last; s++) {
      const at = i * stride + s - first;
      values[at] = (values[at] as number) / sum;
    }
  }
  return { start, count, values, stride };
}
