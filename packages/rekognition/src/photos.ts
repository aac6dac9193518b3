import {
  type Box,
  type CallOptions,
  type DecodedImage,
  FaceKitError,
  faceSize,
  type ImageEncoder,
  resize,
} from "@facekit/core";
import { adapterId } from "./service.js";

// https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
const maxBytes = 5_242_880;
const minSide = 80;
/**
 * The service asks for faces of 40 pixels in an image of 1920 × 1080, and of more in a larger one by its size: so it finds
 * as much in a photo that was shrunk to this.
 */
export const enoughSide = 1920;
/** How much of the photo around the box goes with a face, as a share of its width and height. */
const margin = 0.5;
/** A face is sent with a shorter side of about this many pixels at least, enlarged by `mostEnlarged` at most, and at most. */
const faceSides = { least: 112, most: 512 } as const;
const mostEnlarged = 4;

/** What was sent, and how large the photo lies in its upper left corner: too small ones are sent on a grey ground. */
export interface SentPhoto {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly photoWidth: number;
  readonly photoHeight: number;
}

/** A photo within the service's limits, as a JPEG or PNG without metadata. Rejects with `invalid-argument` for an encoder's others. */
export async function photoToSend(
  photo: DecodedImage,
  encode: ImageEncoder,
  longest: number,
  options: CallOptions,
): Promise<SentPhoto> {
  const { width, height } = photo;
  for (let side = Math.min(longest, Math.max(width, height)); ; side = Math.ceil(side * 0.7)) {
    const scale = side / Math.max(width, height);
    const shrunk = scaled(photo, scale);
    const image = padded(shrunk);
    for (const quality of [92, 80]) {
      const bytes = await encode(image, { ...options, quality });
      options.signal?.throwIfAborted();
      checkFormat(bytes);
      if (bytes.length > maxBytes && side > minSide) continue;
      return { bytes, width: image.width, height: image.height, photoWidth: shrunk.width, photoHeight: shrunk.height };
    }
  }
}

/** A face with some of the photo around it, where other faces are painted over: the service takes the largest it sees. */
export function faceAlone(photo: DecodedImage, box: Box, others: readonly Box[]): DecodedImage {
  const left = clamp(Math.floor(box.x - box.width * margin), photo.width - 1);
  const top = clamp(Math.floor(box.y - box.height * margin), photo.height - 1);
  const width = Math.max(1, clamp(Math.ceil(box.x + box.width * (1 + margin)), photo.width) - left);
  const height = Math.max(1, clamp(Math.ceil(box.y + box.height * (1 + margin)), photo.height) - top);
  const { channels } = photo;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * photo.width + left) * channels;
    data.set(photo.data.subarray(from, from + width * channels), y * width * channels);
  }
  const size = faceSize(box);
  const scale =
    size < faceSides.least ? Math.min(mostEnlarged, faceSides.least / size) : Math.min(1, faceSides.most / size);
  const face = scaled({ data, width, height, channels }, scale);
  const placed = (of: Box): Area =>
    areaIn(face, { x: of.x - left, y: of.y - top, width: of.width, height: of.height }, face.width / width);
  for (const other of others) paintOver(face, placed(other), placed(box));
  return face;
}

/** Whole pixels; the ends lie behind the last ones. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function areaIn({ width, height }: DecodedImage, box: Box, scale: number): Area {
  return {
    left: clamp(Math.floor(box.x * scale), width),
    top: clamp(Math.floor(box.y * scale), height),
    right: clamp(Math.ceil((box.x + box.width) * scale), width),
    bottom: clamp(Math.ceil((box.y + box.height) * scale), height),
  };
}

/** Paints an area grey, but for what it shares with `own`. */
function paintOver({ data, width, channels }: DecodedImage, area: Area, own: Area): void {
  for (let y = area.top; y < area.bottom; y++) {
    const grey = (from: number, to: number): unknown =>
      data.fill(128, (y * width + from) * channels, (y * width + to) * channels);
    if (y < own.top || y >= own.bottom) grey(area.left, area.right);
    else {
      grey(area.left, Math.min(area.right, own.left));
      grey(Math.max(area.left, own.right), area.right);
    }
  }
}

function scaled(photo: DecodedImage, scale: number): DecodedImage {
  return resize(photo, Math.max(1, Math.round(photo.width * scale)), Math.max(1, Math.round(photo.height * scale)));
}

function padded(photo: DecodedImage): DecodedImage {
  const width = Math.max(minSide, photo.width);
  const height = Math.max(minSide, photo.height);
  if (width === photo.width && height === photo.height) return photo;
  const { channels } = photo;
  const data = new Uint8Array(width * height * channels).fill(128);
  for (let y = 0; y < photo.height; y++) {
    const row = photo.data.subarray(y * photo.width * channels, (y + 1) * photo.width * channels);
    data.set(row, y * width * channels);
  }
  return { data, width, height, channels };
}

function checkFormat(bytes: Uint8Array): void {
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  if (isJpeg || isPng) return;
  throw new FaceKitError("invalid-argument", "encode wants to make a JPEG or PNG: Rekognition reads nothing else.", {
    adapter: adapterId,
  });
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
