import type { DecodedImage } from "../spec/image.js";
import { pixelKernel } from "./kernel.js";

/** How many bytes of source rows the kernel is given at a time, if they are enough for a row: what a cache holds. */
const bandBytes = 2 ** 18;

/**
 * Shrinks or enlarges to `width` × `height` RGB. Shrinking averages the area under each target pixel, which keeps small
 * faces that sampling would lose; enlarging is bilinear. Gives the image itself where nothing changes.
 */
export function resize(image: DecodedImage, width: number, height: number): DecodedImage {
  if (width === image.width && height === image.height && image.channels === 3) return image;
  const columns = tapsOf(image.width, width);
  const rows = tapsOf(image.height, height);
  const stride = image.width * image.channels;
  const rowsPerBand = Math.max(rows.longest, Math.floor(bandBytes / stride));

  const columnsAt = 16;
  const rowsAt = columnsAt + columns.entries.byteLength;
  const sumsAt = rowsAt + rows.entries.byteLength;
  const outAt = sumsAt + (stride + 16) * 4;
  const outEnd = outAt + width * height * 3;
  const pixelsAt = outEnd + 16;
  const { kernel, memory } = pixelKernel(pixelsAt + rowsPerBand * stride + 16);
  memory.set(new Uint8Array(columns.entries), columnsAt);
  memory.set(new Uint8Array(rows.entries), rowsAt);
  for (let v = 0; v < height; ) {
    const first = rows.first(v);
    let end = v + 1;
    while (end < height && rows.end(end) - first <= rowsPerBand) end++;
    memory.set(image.data.subarray(first * stride, rows.end(end - 1) * stride), pixelsAt);
    kernel.resizeRows(
      rowsAt + v * rows.entryBytes,
      rows.entryBytes,
      end - v,
      columnsAt,
      columns.entryBytes,
      width,
      pixelsAt,
      first,
      stride,
      image.channels,
      sumsAt,
      outAt + v * width * 3,
    );
    v = end;
  }
  // A copy that is not filled with zeros first.
  return { data: memory.slice(outAt, outEnd), width, height, channels: 3 };
}

/** Which source pixels make each target pixel, and how much each counts, as the kernel reads it. */
interface Taps {
  readonly entries: ArrayBuffer;
  readonly entryBytes: number;
  /** The most source pixels that make one target pixel. */
  readonly longest: number;
  first(target: number): number;
  end(target: number): number;
}

/** Weights sum to 1: a box when shrinking, a triangle when enlarging. */
function tapsOf(source: number, target: number): Taps {
  const scale = source / target;
  const enlarging = scale < 1;
  const half = Math.max(scale / 2, 0.5);
  const entryWords = 2 + Math.ceil(half * 2) + 2;
  const entries = new ArrayBuffer(target * entryWords * 4);
  const places = new Int32Array(entries);
  const weights = new Float32Array(entries);
  let longest = 0;
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    const reach = enlarging ? 1 : half;
    const first = Math.max(0, Math.floor(centre - reach + (enlarging ? 0.5 : 0)));
    const last = Math.min(source - 1, Math.ceil(centre + reach - (enlarging ? 0.5 : 0)) - 1);
    const at = i * entryWords + 2;
    let sum = 0;
    for (let s = first; s <= last; s++) {
      const covered = Math.min(s + 1, centre + half) - Math.max(s, centre - half);
      const weight = Math.max(0, enlarging ? 1 - Math.abs(s + 0.5 - centre) : covered);
      weights[at + s - first] = weight;
      sum += weight;
    }
    const count = last - first + 1;
    for (let n = 0; n < count; n++) weights[at + n] = (weights[at + n] ?? 0) / sum;
    places[at - 2] = first;
    places[at - 1] = count;
    longest = Math.max(longest, count);
  }
  const first = (index: number): number => places[index * entryWords] ?? 0;
  return {
    entries,
    entryBytes: entryWords * 4,
    longest,
    first,
    end: (index) => first(index) + (places[index * entryWords + 1] ?? 0),
  };
}
