import type { PhotoReader } from "../flows/context.js";
import type { CallOptions } from "../spec/adapter.js";
import { type DecodedImage, type ImageInput, isDecodedImage } from "../spec/image.js";

/** A photo that nobody else can change. */
export type HeldPhoto = DecodedImage | Uint8Array | ArrayBuffer | Blob;

/**
 * The photo as it is now, whatever its owner does later with the file or the buffer. What lies in memory is copied before
 * this returns; a path or URL is read by `readPhoto`, and is undefined without one.
 */
export async function heldPhoto(
  photo: ImageInput,
  readPhoto: PhotoReader | undefined,
  options: CallOptions,
): Promise<HeldPhoto | undefined> {
  if (typeof photo === "string" || photo instanceof URL) return readPhoto?.(photo, options);
  if (photo instanceof Blob) return photo;
  // Not by slice: that of a Buffer copies nothing.
  if (photo instanceof Uint8Array) return new Uint8Array(photo);
  if (photo instanceof ArrayBuffer) return photo.slice(0);
  if (!isDecodedImage(photo)) return undefined;
  // Without `whole`, which may decode the owner's bytes later.
  const { data, width, height, channels } = photo;
  return { data: new Uint8Array(data), width, height, channels };
}
