import { readFile } from "node:fs/promises";
import { decodeImage } from "@facekit/node";
import type { Pack } from "./photos.js";

export interface GroupsMeasure {
  readonly photos: number;
  readonly annotated: number;
  readonly found: number;
  readonly tooMany: number;
  readonly faults: readonly string[];
}

/** Annotated faces found (a box holds the nose tip, one box a nose) and boxes that hold none. */
export async function measureGroups(pack: Pack, directory: string): Promise<GroupsMeasure> {
  const { images } = JSON.parse(await readFile(`${directory}/faces.json`, "utf8")) as {
    images: Record<string, [number, number][]>;
  };
  let annotated = 0;
  let found = 0;
  let tooMany = 0;
  const faults: string[] = [];
  for (const [name, noses] of Object.entries(images)) {
    const faces = await pack.detector.detect(await decodeImage(`${directory}/${name}`));
    const left = [...noses];
    for (const { box } of faces) {
      const hit = left.findIndex(([x, y]) => x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height);
      if (hit >= 0) left.splice(hit, 1);
    }
    annotated += noses.length;
    found += noses.length - left.length;
    const extra = faces.length - (noses.length - left.length);
    tooMany += extra;
    if (extra > 0 || left.length > 0) faults.push(`${name}: ${left.length} missed, ${extra} too many`);
  }
  return { photos: Object.keys(images).length, annotated, found, tooMany, faults };
}
