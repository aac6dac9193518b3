/** `tsx accuracy/yunet-looks.ts PHOTOS FOLDER`: writes the pixels of every look that our YuNet takes, for `opencv-yunet.py`. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DecodedImage, resize } from "@facekit/core";
import { decodeImage } from "@facekit/node";

/** Longest sides in pixels: of groups, of portraits, and of the second look. */
const lookSides = [640, 320, 160] as const;

const [photos = "", folder = ""] = process.argv.slice(2);
const names = (await readdir(photos)).filter((name) => name.endsWith(".jpg")).sort();
const index: object[] = [];
for (const photo of names) {
  const image = await decodeImage(join(photos, photo));
  const save = async (name: string, { data, width, height, channels }: DecodedImage): Promise<object> => {
    const file = `${photo}.${name}.raw`;
    await writeFile(join(folder, file), data);
    return { file, width, height, channels };
  };
  const looks: Record<string, object> = {};
  for (const side of lookSides) {
    const factor = Math.min(1, side / Math.max(image.width, image.height));
    const small = resize(image, Math.round(image.width * factor), Math.round(image.height * factor));
    looks[side] = await save(String(side), small);
  }
  index.push({ photo, whole: await save("whole", image), looks });
}
await writeFile(join(folder, "index.json"), JSON.stringify(index));
