import sharp from "sharp";

/** What a contender decodes with that brings no decoder: the same library as ours, to upright RGB. */
export async function pixelsOf(photo: Buffer): Promise<{ data: Uint8Array; width: number; height: number }> {
  const { data, info } = await sharp(photo, { autoOrient: true })
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
