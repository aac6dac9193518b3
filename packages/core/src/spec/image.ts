import type { CallOptions } from "./adapter.js";

/**
 * Upright pixels: sRGB, 8 bit, row-major, interleaved, without padding between rows.
 * `data.length` is `width * height * channels`; a fourth channel is alpha and is ignored.
 */
export interface DecodedImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * A photo as a caller has it: decoded pixels, the bytes of an encoded file, or where such a file is
 * (a path or `file:` URL in Node).
 */
export type ImageInput = DecodedImage | Uint8Array | ArrayBuffer | Blob | URL | string;

/**
 * Turns a photo into upright pixels: orientation applied, colours converted to sRGB.
 * Rejects with `image-unreadable`, `image-too-large` or `image-not-found`.
 */
export type ImageDecoder = (image: ImageInput, options?: CallOptions) => Promise<DecodedImage>;

export function isDecodedImage(image: ImageInput): image is DecodedImage {
  return typeof image === "object" && image !== null && "data" in image && "width" in image && "channels" in image;
}
