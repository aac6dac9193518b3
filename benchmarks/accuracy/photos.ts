import { access } from "node:fs/promises";
import { type Detector, type Embedder, faceSize, type Scene } from "@facekit/core";
import { decodeImage } from "@facekit/node";

export interface Pack {
  readonly name: string;
  readonly detector: Detector;
  readonly embedder: Embedder;
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The template of a photo's face nearest the middle (LFW's convention) or the largest; undefined without a face. */
export async function templateOf(
  pack: Pack,
  path: string,
  choose: "central" | "largest",
): Promise<Float32Array | undefined> {
  const image = await decodeImage(path);
  const scene: Scene = "portrait";
  const faces = await pack.detector.detect(image, { scene });
  const distance = ({ box }: (typeof faces)[number]): number =>
    Math.hypot(box.x + box.width / 2 - image.width / 2, box.y + box.height / 2 - image.height / 2);
  const [face] = faces.sort((a, b) =>
    choose === "central" ? distance(a) - distance(b) : faceSize(b.box) - faceSize(a.box),
  );
  if (face === undefined) return undefined;
  return (await pack.embedder.embed([{ image, face }]))[0];
}
