import {
  type Box,
  type DecodedImage,
  type Detector,
  type Embedder,
  type Face,
  type ImageDecoder,
  isFaceKitError,
} from "@facekit/core";
import { ServiceError } from "./requests.js";

/** A face that the engine found, as the service tells of it. */
export interface SeenFace {
  readonly image: DecodedImage;
  readonly face: Face;
  /** 0..100. */
  readonly confidence: number;
  readonly brightness: number;
  readonly sharpness: number;
}

/** Pixels of an image's shorter side, at least. */
const minSide = 80;
/** The service looks at so many faces of an image, the largest. */
const maxFaces = 100;

/** The least confidence and sharpness of a face that each quality bar lets through; the service does not tell its own. */
const bars: Readonly<Record<string, { readonly confidence: number; readonly sharpness: number }>> = {
  NONE: { confidence: 0, sharpness: 0 },
  AUTO: { confidence: 50, sharpness: 2 },
  LOW: { confidence: 50, sharpness: 2 },
  MEDIUM: { confidence: 60, sharpness: 5 },
  HIGH: { confidence: 70, sharpness: 10 },
};

export interface RekognitionEngine {
  readonly detector: Detector;
  readonly embedder: Embedder;
  readonly decode: ImageDecoder;
}

/** The faces of an image, the largest first. */
export async function facesOf({ detector, decode }: RekognitionEngine, bytes: Uint8Array): Promise<SeenFace[]> {
  const image = await decode(bytes).catch((error: unknown) => {
    if (!isFaceKitError(error, "image-unreadable")) throw error;
    throw new ServiceError("InvalidImageFormatException", "Request has invalid image format");
  });
  if (Math.min(image.width, image.height) < minSide) {
    throw new ServiceError("InvalidParameterException", `Image dimensions must be ${minSide} pixels or more`);
  }
  const faces = await detector.detect(image, { scene: "group" });
  return faces
    .sort((a, b) => areaOf(b.box) - areaOf(a.box))
    .slice(0, maxFaces)
    .map((face) => ({ image, face, confidence: face.score * 100, ...lightOf(image, face.box) }));
}

/** Why a quality bar keeps a face out; undefined where it does not. */
export function refusalOf({ confidence, sharpness }: SeenFace, filter: string): string | undefined {
  const bar = bars[filter] ?? { confidence: 0, sharpness: 0 };
  if (confidence < bar.confidence) return "LOW_CONFIDENCE";
  return sharpness < bar.sharpness ? "LOW_SHARPNESS" : undefined;
}

/** The parts of a `FaceDetail` that are always returned. */
export function detailOf({ image, face, confidence, brightness, sharpness }: SeenFace): Record<string, unknown> {
  const [leftEye, rightEye, nose, leftMouth, rightMouth] = face.landmarks ?? [];
  const points = { eyeLeft: leftEye, eyeRight: rightEye, mouthLeft: leftMouth, mouthRight: rightMouth, nose };
  const roll = leftEye && rightEye ? (Math.atan2(rightEye.y - leftEye.y, rightEye.x - leftEye.x) * 180) / Math.PI : 0;
  const eyes = leftEye && rightEye ? rightEye.x - leftEye.x : 0;
  const side = leftEye && rightEye && nose && eyes !== 0 ? (nose.x - (leftEye.x + rightEye.x) / 2) / eyes : 0;
  return {
    BoundingBox: boundingBoxOf(image, face.box),
    Confidence: confidence,
    Landmarks: Object.entries(points).flatMap(([Type, point]) =>
      point === undefined ? [] : [{ Type, X: point.x / image.width, Y: point.y / image.height }],
    ),
    Pose: { Roll: roll, Yaw: Math.max(-90, Math.min(90, side * 90)), Pitch: 0 },
    Quality: { Brightness: brightness, Sharpness: sharpness },
  };
}

/** Ratios of the image's width and height. */
export function boundingBoxOf({ width, height }: DecodedImage, box: Box): Record<string, number> {
  return { Left: box.x / width, Top: box.y / height, Width: box.width / width, Height: box.height / height };
}

function areaOf({ width, height }: Box): number {
  return width * height;
}

/** Mean brightness, and the mean step between neighbours in a row as sharpness, each 0..100. */
function lightOf({ data, width, height, channels }: DecodedImage, box: Box): { brightness: number; sharpness: number } {
  let sum = 0;
  let steps = 0;
  let count = 0;
  const right = Math.min(width - 1, Math.floor(box.x + box.width));
  const bottom = Math.min(height, Math.floor(box.y + box.height));
  for (let y = Math.max(0, Math.floor(box.y)); y < bottom; y++) {
    for (let x = Math.max(0, Math.floor(box.x)); x < right; x++) {
      const green = (y * width + x) * channels + 1;
      sum += data[green] ?? 0;
      steps += Math.abs((data[green] ?? 0) - (data[green + channels] ?? 0));
      count++;
    }
  }
  if (count === 0) return { brightness: 0, sharpness: 0 };
  return { brightness: (sum / count / 255) * 100, sharpness: Math.min(100, (steps / count) * 10) };
}
