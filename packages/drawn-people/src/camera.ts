import sharp from "sharp";
import type { PictureConditions } from "./conditions.js";
import { randomFrom } from "./random.js";

export type PictureFormat = "jpeg" | "png";

/** Takes the picture of a drawn scene: exposure and colour of the light, blur, noise, compression. */
export async function photograph(
  svg: string,
  { light, camera, grain }: PictureConditions,
  format: PictureFormat,
): Promise<Buffer> {
  let scene = sharp(Buffer.from(svg)).removeAlpha();
  if (camera.blur >= 0.3) scene = scene.blur(camera.blur);
  const { data, info } = await scene.raw().toBuffer({ resolveWithObject: true });
  const warm = 1 + 0.09 * light.warmth;
  expose(data, [light.exposure * warm, light.exposure, light.exposure / warm], camera.noise, grain);
  const picture = sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } });
  return format === "png" ? picture.png().toBuffer() : picture.jpeg({ quality: camera.jpegQuality }).toBuffer();
}

function expose(pixels: Buffer, gains: readonly [number, number, number], noise: number, grain: number): void {
  const random = randomFrom(grain, "noise");
  // Three even draws make a near-normal one; a prime number of them keeps rows from showing a pattern.
  const grains = Float32Array.from(
    { length: 4093 },
    () => (random.unit() + random.unit() + random.unit() - 1.5) * 2 * noise,
  );
  let next = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    // Jumping about the table, too, so that its length does not show.
    next = (next + 1 + ((pixels[at] ?? 0) & 3)) % grains.length;
    for (let channel = 0; channel < 3; channel++) {
      const value =
        (pixels[at + channel] ?? 0) * (gains[channel] ?? 1) + (grains[(next + channel * 1361) % grains.length] ?? 0);
      pixels[at + channel] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
    }
  }
}
