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
  /** Set where a larger photo was shrunk on decoding. Positions in this image times the ratio of widths are its own. */
  readonly whole?: WholePhoto;
}

/** The photo of a shrunk image, for crops that want more pixels than that has. */
export interface WholePhoto {
  /** Pixels of the upright photo. */
  readonly width: number;
  readonly height: number;
  /** Decodes it at full size; once, however often it is asked for. */
  decode(options?: CallOptions): Promise<DecodedImage>;
}

export interface DecodeOptions extends CallOptions {
  /**
   * The longer side in pixels that is enough: a decoder may give a photo smaller than it is, with `whole` set, but not
   * smaller than this. Default: no size is, the photo is wanted as it is.
   */
  readonly enough?: number;
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
export type ImageDecoder = (image: ImageInput, options?: DecodeOptions) => Promise<DecodedImage>;

/** Encodes pixels as a file without metadata. `quality` is 1..100, for formats that know one. */
export type ImageEncoder = (
  image: DecodedImage,
  options?: CallOptions & { readonly quality?: number },
) => Promise<Uint8Array>;

export function isDecodedImage(image: ImageInput): image is DecodedImage {
  return typeof image === "object" && image !== null && "data" in image && "width" in image && "channels" in image;
}

/** How many pixels of the whole photo a shrunk image's pixel is wide; 1 where it is not shrunk. */
export function wholeScale({ width, height, whole }: DecodedImage): number {
  // Of the longer side, whose rounding matters less.
  return whole === undefined ? 1 : Math.max(whole.width, whole.height) / Math.max(width, height);
}
