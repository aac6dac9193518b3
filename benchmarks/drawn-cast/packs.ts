import { type Detector, type Embedder, faceSize } from "@facekit/core";
import { decodeImage, loadPack } from "@facekit/node";

/** Through whose eyes the drawn people are seen: the demo's pack, and a stronger one that keeps the drawing honest. */
export interface Pack {
  readonly detector: Detector;
  readonly embedder: Embedder;
}

/** `FACEKIT_MODELS` names the folder that holds the weights which are not bundled. */
export async function openPacks(): Promise<Pack[]> {
  const modelsDirectory = process.env.FACEKIT_MODELS;
  const bundled = await loadPack("bundled");
  if (modelsDirectory === undefined) return [bundled];
  return [bundled, await loadPack("yunet+retail-0095", { modelsDirectory })];
}

/** The template of a portrait, or undefined where not exactly one face was found: registering would refuse it. */
export async function templateOf(
  { detector, embedder }: Pack,
  portrait: Uint8Array,
): Promise<Float32Array | undefined> {
  const image = await decodeImage(portrait);
  const faces = await detector.detect(image, { scene: "portrait" });
  const [face] = faces;
  if (face === undefined || faces.length > 1 || faceSize(face.box) < 40) return undefined;
  return (await embedder.embed([{ image, face }]))[0];
}
