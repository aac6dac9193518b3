import {
  createVectorStore,
  type DecodedImage,
  type Detector,
  type Embedder,
  type Face,
  type FaceIndex,
  FaceKitError,
  type FaceRecords,
  type ImageDecoder,
  localFaceIndex,
  memoryFaceRecords,
  normalize,
  specVersion,
} from "@facekit/core";
import { plainIndex } from "./plain-index.js";

/** A person as the toy sees one: a direction; photos of one person differ by a little noise. */
export interface Sighting {
  readonly person: number;
  /** Mixes in another person, 0..1. */
  readonly likeness?: { readonly of: number; readonly share: number };
  readonly size?: number;
}

const dimensions = 16;

type People = readonly (Sighting | number)[];

/** Those whom pixels or bytes show: they hold them as text, so that a copy shows the same. */
function sightingsIn(data: Uint8Array | Uint8ClampedArray): readonly Sighting[] {
  const people: People = JSON.parse(new TextDecoder().decode(data));
  return people.map((person) => (typeof person === "number" ? { person } : person));
}

/** A photo of these people, from left to right. */
export function photoOf(...people: People): DecodedImage {
  const bytes = fileOf(...people);
  const width = Math.ceil(bytes.length / 3);
  const data = new Uint8Array(3 * width).fill(0x20);
  data.set(bytes);
  return { data, width, height: 1, channels: 3 };
}

/** The same as the bytes of a file. */
export function fileOf(...people: People): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(people));
}

const decode: ImageDecoder = async (photo) => {
  if (!(photo instanceof Uint8Array)) throw new FaceKitError("invalid-argument", "The toy takes bytes.");
  try {
    return photoOf(...sightingsIn(photo));
  } catch {
    throw new FaceKitError("image-unreadable", "This is no photo of the toy's.");
  }
};

function direction(person: number): number[] {
  return Array.from({ length: dimensions }, (_, i) => (i === person % dimensions ? 1 : 0.05 * Math.sin(person + i)));
}

/** Recognition without nets, through the public interfaces: what the flows do with it is what is tested. */
export function toyFaceIndex(
  records: FaceRecords = memoryFaceRecords(),
): FaceIndex & { readonly embedded: () => number } {
  let embedded = 0;
  const detector: Detector = {
    specVersion,
    id: "toy-detector",
    capabilities: { landmarks: true, landmarks68: false },
    detect: async (image, { maxFaces } = {}) =>
      sightingsIn(image.data)
        .map(
          ({ size = 100 }, i): Face => ({
            box: { x: i * 200, y: 10, width: size, height: size * 1.2 },
            score: 0.9 - i * 0.01,
            landmarks: [
              { x: i, y: 1 },
              { x: i + 1, y: 1 },
              { x: i, y: 2 },
              { x: i, y: 3 },
              { x: i + 1, y: 3 },
            ],
          }),
        )
        .slice(0, maxFaces),
    async [Symbol.asyncDispose]() {},
  };
  const embedder: Embedder = {
    specVersion,
    id: "toy-embedder",
    space: { id: "toy/1", dimensions, metric: "cosine" },
    requires: "landmarks",
    calibration: {
      data: "a toy",
      defaultFalseMatchRate: 1e-3,
      points: [{ falseMatchRate: 1e-3, threshold: 0.6, impostorPairs: 10_000 }],
    },
    embed: async (faces) => {
      embedded++;
      return faces.map(({ image, face }) => {
        const sighting = sightingsIn(image.data)[face.box.x / 200];
        const own = direction(sighting?.person ?? 0);
        const other = direction(sighting?.likeness?.of ?? 0);
        const share = sighting?.likeness?.share ?? 0;
        return normalize(own.map((value, i) => (1 - share) * value + share * (other[i] ?? 0)));
      });
    },
    async [Symbol.asyncDispose]() {},
  };
  const store = createVectorStore({ records, index: plainIndex() });
  return { ...localFaceIndex({ detector, embedder, store, decode }), embedded: () => embedded };
}
