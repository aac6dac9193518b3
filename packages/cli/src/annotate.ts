import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import { type AttendedFace, FaceKitError } from "@facekit/core";
import { decodeImage } from "@facekit/node";
import sharp from "sharp";

const memberColour = "#2e9e5b";
const strangerColour = "#f2a33c";

/** Where the annotated copy of each photo goes: the photo's name, numbered where two photos share it. */
export function annotatedFiles(directory: string, photos: readonly { readonly path: string }[]): string[] {
  const seen = new Map<string, number>();
  return photos.map(({ path }) => {
    const { name } = parse(path);
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return join(directory, `${name}${before === 0 ? "" : `-${before + 1}`}.png`);
  });
}

/** Makes the folder of annotated copies, so that one that cannot be is refused before anything is done. */
export async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FaceKitError("invalid-argument", `No folder can be made at ${directory} (${why}). Name another one.`, {
      cause,
    });
  }
}

/** Writes a copy of the photo, upright, with every face boxed and named. The file is whole or not there. */
export async function annotate(photo: string, faces: readonly AttendedFace[], target: string): Promise<void> {
  const { data, width, height, channels } = await decodeImage(photo);
  const png = await sharp(data, { raw: { width, height, channels } })
    .composite([{ input: Buffer.from(overlay(width, height, faces)) }])
    .png()
    .toBuffer();
  await makeFolder(dirname(target));
  const part = `${target}.${process.pid}.part`;
  try {
    await writeFile(part, png);
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function overlay(width: number, height: number, faces: readonly AttendedFace[]): string {
  const longSide = Math.max(width, height);
  // Labels above all boxes, so that no neighbour's frame runs through a name.
  const boxes = faces.map((face) => boxSvg(face, longSide / 400));
  const labels = faces.map((face) => labelSvg(face, width, longSide));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${boxes.join("")}${labels.join("")}</svg>`;
}

function boxSvg({ face: { box }, memberId }: AttendedFace, thickness: number): string {
  return (
    `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="none" ` +
    `stroke="${colourOf(memberId)}" stroke-width="${Math.max(2, thickness)}"/>`
  );
}

/** The name on a patch over the box; inside the box where there is no room over it, and never outside the photo. */
function labelSvg({ face: { box }, memberId }: AttendedFace, width: number, longSide: number): string {
  const name = shorten(memberId ?? "stranger");
  const size = Math.max(13, longSide / 70, Math.min(box.width / 6, longSide / 25));
  const [patchWidth, patchHeight] = [(textWidth(name) + 0.6) * size, 1.35 * size];
  const x = Math.max(0, Math.min(box.x, width - patchWidth));
  const y = Math.max(0, box.y >= patchHeight ? box.y - patchHeight : box.y);
  return (
    `<rect x="${x}" y="${y}" width="${patchWidth}" height="${patchHeight}" fill="${colourOf(memberId)}"/>` +
    `<text x="${x + 0.3 * size}" y="${y + size}" font-family="sans-serif" font-weight="bold" font-size="${size}" ` +
    `fill="${memberId === null ? "#000" : "#fff"}">${escapeXml(name)}</text>`
  );
}

function colourOf(memberId: string | null): string {
  return memberId === null ? strangerColour : memberColour;
}

function shorten(name: string): string {
  const letters = [...name];
  return letters.length <= 24 ? name : `${letters.slice(0, 23).join("")}…`;
}

/** About how wide a bold sans-serif sets this, in font sizes: other scripts are wider than Latin. */
function textWidth(text: string): number {
  return [...text].reduce((sum, letter) => sum + (letter < "\u0250" ? 0.68 : 1), 0);
}

/** For XML text. Control characters are not allowed there in any form. */
function escapeXml(text: string): string {
  return text
    .replace(/\p{Cc}/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
