import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  type CallOptions,
  checkKeys,
  checkNumber,
  type DecodedImage,
  type DecodeOptions,
  FaceKitError,
  type ImageInput,
  isDecodedImage,
  type WholePhoto,
} from "@facekit/core";
import sharp from "sharp";
import { jpegSize } from "./jpeg-size.js";

/** What is refused before it costs memory. */
export interface DecodeLimits {
  /** Largest encoded file in bytes. Default 50 MB. */
  readonly maxBytes?: number;
  /** Most pixels of the decoded image. Default 80 million: no camera phone's photo is larger, a bomb is. */
  readonly maxPixels?: number;
  /** Most frames or pages. Default 1: of an animation nobody knows which frame is meant. The first is decoded. */
  readonly maxFrames?: number;
}

/**
 * Decodes a photo by sharp into upright sRGB: EXIF orientation applied, embedded colour profiles (CMYK too) converted,
 * grey widened, 16 bit reduced to 8, transparency laid on white. JPEG, PNG, WebP, AVIF, GIF and TIFF are read.
 * Where `enough` allows it, a JPEG is decoded at a half, a quarter or an eighth, in about half the time.
 * Rejects with `image-not-found`, `image-unreadable` or `image-too-large`.
 */
export async function decodeImage(
  input: ImageInput,
  options: DecodeLimits & DecodeOptions = {},
): Promise<DecodedImage> {
  if (isDecodedImage(input)) return input;
  const { signal, enough, ...limits } = options;
  if (enough !== undefined) checkNumber("enough", enough, { min: 1, max: Number.POSITIVE_INFINITY });
  const { maxBytes, maxPixels, maxFrames } = checkedLimits(limits);
  signal?.throwIfAborted();
  const name = nameOf(input);
  const photo: { photo?: string } = name === nameless ? {} : { photo: name };
  const bytes = await bytesOf(input, name, maxBytes);
  signal?.throwIfAborted();
  const format = formatOf(bytes);
  if (format === undefined) {
    const what = bytes.length === 0 ? "is empty" : "is no JPEG, PNG, WebP, AVIF, GIF or TIFF image";
    throw new FaceKitError("image-unreadable", `${name} ${what}. Give a photo in one of these formats.`, {
      details: photo,
    });
  }
  const unreadable = (error: unknown): FaceKitError => {
    if (error instanceof FaceKitError) return error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return new FaceKitError(
      "image-unreadable",
      `${name} cannot be decoded as ${format}: ${reason}. The file is damaged or cut short; take it from its source again.`,
      { cause: error, details: photo },
    );
  };
  try {
    // Of the header alone, so that the refusal can name the size.
    const { width, height, pages } = await sizeOf(bytes, format);
    if (width * height > maxPixels) {
      throw new FaceKitError(
        "image-too-large",
        `${name} has ${width} × ${height} pixels; at most ${maxPixels} are decoded. Shrink it, or raise image.maxPixels.`,
        { details: { ...photo, width, height, maxPixels } },
      );
    }
    if (pages > maxFrames) {
      throw new FaceKitError(
        "image-unreadable",
        `${name} is an animation or document of ${pages} frames, ${maxFrames} allowed. Save the frame that you mean.`,
        { details: { ...photo, pages } },
      );
    }
    const side = format === "JPEG" ? shrunkSide(Math.max(width, height), enough) : undefined;
    const image = await decodeBytes(bytes, maxPixels, side);
    signal?.throwIfAborted();
    if (side === undefined) return image;
    const decodeWhole = (): Promise<DecodedImage> =>
      decodeBytes(bytes, maxPixels).catch((error: unknown) => {
        throw unreadable(error);
      });
    return { ...image, whole: await wholeOf(bytes, decodeWhole) };
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(error);
  }
}

async function sizeOf(bytes: Uint8Array, format: Format): Promise<{ width: number; height: number; pages: number }> {
  const jpeg = format === "JPEG" ? jpegSize(bytes) : undefined;
  if (jpeg !== undefined) return { ...jpeg, pages: 1 };
  const { width = 0, height = 0, pages = 1 } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return { width, height, pages };
}

/** Gives the photo whole, or shrunk to a longer side of so many pixels. */
async function decodeBytes(bytes: Uint8Array, maxPixels: number, longerSide?: number): Promise<DecodedImage> {
  // sharp takes no infinity.
  const limitInputPixels = maxPixels < Number.MAX_SAFE_INTEGER && Math.floor(maxPixels);
  const photo = sharp(bytes, { limitInputPixels, failOn: "truncated", autoOrient: true });
  if (longerSide !== undefined)
    photo.resize({ width: longerSide, height: longerSide, fit: "inside", withoutEnlargement: true });
  const { data, info } = await photo
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return rgbOf(data, info.width, info.height, info.channels);
}

/**
 * The side to shrink a JPEG to: the smallest that is enough and saves work. libjpeg decodes at a half, a quarter or an
 * eighth; sharp asks it to when the photo is shrunk to a third, a fifth or a ninth. Less saves nothing.
 */
function shrunkSide(side: number, enough = Number.POSITIVE_INFINITY): number | undefined {
  return [9, 5, 3].map((divisor) => Math.floor(side / divisor)).find((shrunk) => shrunk >= enough);
}

async function wholeOf(bytes: Uint8Array, decode: () => Promise<DecodedImage>): Promise<WholePhoto> {
  const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
  let decoded: Promise<DecodedImage> | undefined;
  return {
    width: autoOrient.width,
    height: autoOrient.height,
    async decode({ signal } = {}) {
      signal?.throwIfAborted();
      decoded ??= decode();
      // Whoever asks after a failure tries anew.
      decoded.catch(() => {
        decoded = undefined;
      });
      const image = await decoded;
      signal?.throwIfAborted();
      return image;
    },
  };
}

/** The limits with their defaults. Throws `invalid-argument` for misspelt ones and for what none of them can be. */
export function checkedLimits(limits: DecodeLimits): Required<DecodeLimits> {
  const { maxBytes = 50e6, maxPixels = 80e6, maxFrames = 1 } = limits;
  checkKeys("image", limits, ["maxBytes", "maxPixels", "maxFrames"]);
  for (const [name, value] of Object.entries({ maxBytes, maxPixels, maxFrames })) {
    checkNumber(`image.${name}`, value, { min: 1, max: Number.POSITIVE_INFINITY });
  }
  return { maxBytes, maxPixels, maxFrames };
}

const nameless = "The image";

function nameOf(input: ImageInput): string {
  if (typeof input === "string") return input;
  return input instanceof URL ? input.href : nameless;
}

/** The bytes of an encoded photo, however it is given. Rejects with `image-not-found` or `image-too-large`. */
export async function readPhoto(
  input: Exclude<ImageInput, DecodedImage>,
  { maxBytes, signal }: { readonly maxBytes: number } & CallOptions,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  return bytesOf(input, nameOf(input), maxBytes);
}

async function bytesOf(input: Exclude<ImageInput, DecodedImage>, name: string, maxBytes: number): Promise<Uint8Array> {
  const refuse = (size: number): void => {
    if (size <= maxBytes) return;
    throw new FaceKitError(
      "image-too-large",
      `${name} is a file of ${size} bytes; at most ${maxBytes} are read. Shrink it, or raise image.maxBytes.`,
      { details: { photo: name, bytes: size, maxBytes } },
    );
  };
  if (input instanceof Uint8Array) {
    refuse(input.length);
    return input;
  }
  if (input instanceof ArrayBuffer) {
    refuse(input.byteLength);
    return new Uint8Array(input);
  }
  if (input instanceof Blob) {
    refuse(input.size);
    return new Uint8Array(await input.arrayBuffer());
  }
  if (typeof input !== "string" && !(input instanceof URL)) {
    throw new FaceKitError(
      "invalid-argument",
      "A photo wants a path, a file: URL, the bytes of an image file, a Blob or decoded pixels; got something else.",
    );
  }
  try {
    const path = pathOf(input);
    const file = await stat(path);
    if (!file.isFile())
      throw new FaceKitError("image-not-found", `${name} is not a file. Give the path of a photo.`, {
        details: { photo: name },
      });
    refuse(file.size);
    return await readFile(path);
  } catch (error) {
    if (error instanceof FaceKitError) throw error;
    throw new FaceKitError("image-not-found", `${name} cannot be read: ${messageOf(error)}. Check the path.`, {
      cause: error,
      details: { photo: name },
    });
  }
}

function pathOf(input: string | URL): string {
  const scheme =
    input instanceof URL ? input.protocol : (/^(?:data:|[a-z][a-z0-9+.-]+:(?=\/\/))/i.exec(input)?.[0] ?? "");
  if (scheme === "") return String(input);
  if (scheme.toLowerCase() === "file:") return fileURLToPath(input);
  throw new FaceKitError(
    "invalid-argument",
    `A photo is read from a path or a file: URL; got a ${scheme} URL. Download it first and pass its bytes.`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Format = "JPEG" | "PNG" | "WebP" | "AVIF" | "GIF" | "TIFF";

/** By the first bytes, so that no loader runs that nobody needs (SVG, PDF and the rest), whatever the file is called. */
function formatOf(bytes: Uint8Array): Format | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  if (text.startsWith("\xFF\xD8\xFF")) return "JPEG";
  if (text.startsWith("\x89PNG\r\n\x1A\n")) return "PNG";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "WebP";
  if (text.startsWith("GIF8")) return "GIF";
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "TIFF";
  return text.slice(4, 8) === "ftyp" && isAvif(bytes) ? "AVIF" : undefined;
}

/** Whether a brand of the `ftyp` box says so. HEIC has the same container, and no loader here. */
function isAvif(bytes: Uint8Array): boolean {
  const box = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256));
  const end = Math.min(box.length, box.readUInt32BE(0));
  for (let at = 8; at + 4 <= end; at += 4) {
    // The four bytes after the first brand are its version.
    if (at !== 12 && /^avi[fs]$/.test(box.toString("latin1", at, at + 4))) return true;
  }
  return false;
}

function rgbOf(data: Buffer, width: number, height: number, channels: number): DecodedImage {
  if (channels === 3 || channels === 4) return { data, width, height, channels };
  // Grey, where sharp keeps it narrow.
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.fill(data[i * channels] ?? 0, i * 3, i * 3 + 3);
  return { data: rgb, width, height, channels: 3 };
}
