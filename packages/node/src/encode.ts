import { type CallOptions, checkKeys, checkNumber, type DecodedImage, FaceKitError } from "@facekit/core";
import sharp from "sharp";

/**
 * Encodes pixels as a JPEG by sharp, without metadata and without transparency, for services that take encoded photos.
 * Rejects with `image-too-large` for what a JPEG cannot hold, 65,535 pixels a side.
 */
export async function encodeImage(
  image: DecodedImage,
  options: CallOptions & { readonly quality?: number } = {},
): Promise<Uint8Array> {
  checkKeys("encodeImage", options, ["quality", "signal"]);
  const { quality = 92, signal } = options;
  checkNumber("quality", quality, { min: 1, max: 100, integer: true });
  const { data, width, height, channels } = image;
  if (Math.max(width, height) > 65_535) {
    throw new FaceKitError("image-too-large", `A JPEG has 65535 pixels a side at most; got ${width} × ${height}.`);
  }
  signal?.throwIfAborted();
  const encoded = await sharp(data, { raw: { width, height, channels } }).removeAlpha().jpeg({ quality }).toBuffer();
  signal?.throwIfAborted();
  return encoded;
}
