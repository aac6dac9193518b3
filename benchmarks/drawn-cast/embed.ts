import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import sharp from "sharp";
import { alignedChip } from "./align.js";
import { type Detect, type FoundFace, type Pixels, yunet } from "./detect.js";

/** The names of the embedding spaces: the only place that states them. */
export const spaceIds = { dlib: "dlib-resnet-128", retail: "retail-0095" } as const;
export type SpaceId = (typeof spaceIds)[keyof typeof spaceIds];

/** Vectors of unit length, one a picture and in its order; undefined where no face was found. */
export type EmbedPictures = (pictures: readonly Buffer[]) => Promise<Record<SpaceId, (Float32Array | undefined)[]>>;

export interface Eye {
  readonly embedPictures: EmbedPictures;
  readonly findFaces: (picture: Buffer) => Promise<FoundFace[]>;
  /** One face of a picture in every space. */
  readonly embedFace: (picture: Buffer, face: FoundFace) => Promise<Record<SpaceId, Float32Array>>;
}

type EmbedChip = (pixels: Pixels, face: FoundFace) => Promise<Float32Array>;

const modelsFolder = process.env.FACEKIT_MODELS ?? "/work/shared/models";
const dlibPath =
  process.env.FACEKIT_DLIB ??
  fileURLToPath(new URL("../../packages/models/dist/bundled/face-recognition-dlib.onnx", import.meta.url));

/** Opens the detector and both embedders. */
export async function openEye(): Promise<Eye> {
  if (!existsSync(dlibPath)) throw new Error(`No dlib network at ${dlibPath}: build packages/models first.`);
  const detect = await yunet(`${modelsFolder}/yunet_2023mar_dynamic.onnx`);
  const dlib = await dlibEmbedder(dlibPath);
  const retail = await retailEmbedder(`${modelsFolder}/face-reidentification-retail-0095.onnx`);
  const embedIn = async (pixels: Pixels, face: FoundFace): Promise<Record<SpaceId, Float32Array>> => ({
    "dlib-resnet-128": await dlib(pixels, face),
    "retail-0095": await retail(pixels, face),
  });
  return {
    findFaces: async (picture) => detect(await decode(picture)),
    embedFace: async (picture, face) => embedIn(await decode(picture), face),
    embedPictures: async (pictures) => {
      const faces = [];
      for (const picture of pictures) faces.push(await embedBest(await decode(picture), detect, embedIn));
      return {
        "dlib-resnet-128": faces.map((face) => face?.["dlib-resnet-128"]),
        "retail-0095": faces.map((face) => face?.["retail-0095"]),
      };
    },
  };
}

async function embedBest<T>(
  pixels: Pixels,
  detect: Detect,
  embed: (pixels: Pixels, face: FoundFace) => Promise<T>,
): Promise<T | undefined> {
  const [best] = await detect(pixels);
  return best && embed(pixels, best);
}

async function decode(picture: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const dlibTemplate = [47.55, 46.6, 100.48, 46.6, 74.01, 76.56, 50.41, 103.02, 97.61, 103.02];

async function dlibEmbedder(path: string): Promise<EmbedChip> {
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
  return async (pixels, face) => {
    const chip = alignedChip(pixels, face.landmarks, dlibTemplate, 150);
    return embedded(session, new ort.Tensor("uint8", chip, [1, 150, 150, 3]));
  };
}

const retailTemplate = [
  0.31556875, 0.4615741, 0.68262292, 0.4615741, 0.5002625, 0.64053541, 0.34947187, 0.82469196, 0.65343645, 0.82469196,
].map((share) => share * 128);

async function retailEmbedder(path: string): Promise<EmbedChip> {
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
  return async (pixels, face) => {
    const chip = alignedChip(pixels, face.landmarks, retailTemplate, 128);
    const area = 128 * 128;
    const bgr = new Float32Array(3 * area);
    for (let at = 0; at < area; at++)
      for (let channel = 0; channel < 3; channel++) bgr[(2 - channel) * area + at] = chip[at * 3 + channel] ?? 0;
    return embedded(session, new ort.Tensor("float32", bgr, [1, 3, 128, 128]));
  };
}

async function embedded(session: ort.InferenceSession, input: ort.Tensor): Promise<Float32Array> {
  const outputs = await session.run({ [session.inputNames[0] ?? "input"]: input });
  const vector = outputs[session.outputNames[0] ?? "embedding"]?.data as Float32Array;
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => value / length);
}

/** Of two vectors of unit length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
