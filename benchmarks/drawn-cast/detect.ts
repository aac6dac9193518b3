import * as ort from "onnxruntime-node";

/** Red, green, blue bytes, row after row. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface FoundFace {
  readonly score: number;
  readonly box: readonly [x: number, y: number, width: number, height: number];
  /** Left eye, right eye, nose, left and right mouth corner, as seen in the image: x and y of each. */
  readonly landmarks: readonly number[];
}

export type Detect = (pixels: Pixels) => Promise<FoundFace[]>;

/** YuNet, with the decoding that its model page states; faces below 0.6 are not faces. */
export async function yunet(path: string, minScore = 0.6): Promise<Detect> {
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
  return async (pixels) => {
    const width = Math.ceil(pixels.width / 32) * 32;
    const height = Math.ceil(pixels.height / 32) * 32;
    const heads = await session.run({ [session.inputNames[0] ?? "input"]: paddedBgr(pixels, width, height) });
    const found: FoundFace[] = [];
    for (const stride of [8, 16, 32]) {
      const head = (name: string): Float32Array =>
        (heads[`${name}_${stride}`]?.data ?? new Float32Array()) as Float32Array;
      const [cls, obj, bbox, kps] = [head("cls"), head("obj"), head("bbox"), head("kps")];
      const columns = width / stride;
      for (let cell = 0; cell < cls.length; cell++) {
        const score = Math.sqrt(clamp01(cls[cell] ?? 0) * clamp01(obj[cell] ?? 0));
        if (score < minScore) continue;
        const [column, row] = [cell % columns, Math.floor(cell / columns)];
        const [dx = 0, dy = 0, logWidth = 0, logHeight = 0] = bbox.subarray(cell * 4, cell * 4 + 4);
        const [w, h] = [Math.exp(logWidth) * stride, Math.exp(logHeight) * stride];
        found.push({
          score,
          box: [(column + dx) * stride - w / 2, (row + dy) * stride - h / 2, w, h],
          landmarks: Array.from(
            kps.subarray(cell * 10, cell * 10 + 10),
            (value, at) => (value + (at % 2 ? row : column)) * stride,
          ),
        });
      }
    }
    return withoutOverlaps(found);
  };
}

function paddedBgr({ data, width: from, height: rows }: Pixels, width: number, height: number): ort.Tensor {
  const planes = new Float32Array(3 * width * height);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < from; x++)
      for (let channel = 0; channel < 3; channel++)
        planes[(2 - channel) * width * height + y * width + x] = data[(y * from + x) * 3 + channel] ?? 0;
  return new ort.Tensor("float32", planes, [1, 3, height, width]);
}

function withoutOverlaps(faces: FoundFace[]): FoundFace[] {
  const kept: FoundFace[] = [];
  for (const face of faces.sort((a, b) => b.score - a.score))
    if (kept.every((other) => overlap(face.box, other.box) < 0.3)) kept.push(face);
  return kept;
}

/** Intersection over union. */
export function overlap(a: FoundFace["box"], b: FoundFace["box"]): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(0, width) * Math.max(0, height);
  return shared / (a[2] * a[3] + b[2] * b[3] - shared);
}

const clamp01 = (value: number): number => Math.min(Math.max(value, 0), 1);
