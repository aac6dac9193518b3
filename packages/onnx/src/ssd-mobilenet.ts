import { type DecodedImage, type Face, suppressOverlaps } from "@facekit/core";
import { placeOnCanvas } from "./pixels.js";
import { runModel } from "./run-model.js";
import type { OnnxSession } from "./session.js";

/** Longer side of the input in pixels. */
const side = 512;
/** Sides of the input are multiples of this, as the net's two finest scales want them; the rest of the square is left out. */
const step = 32;
/** Of face-api.js. */
const maxOverlap = 0.5;

/** Boxes by the SSD MobileNet of face-api.js. `convert/ssd-mobilenet.ts` documents the outputs. */
export async function ssdFaces(session: OnnxSession, image: DecodedImage, minScore: number): Promise<Face[]> {
  const longest = Math.max(image.width, image.height);
  const sideFor = (length: number): number => Math.ceil(Math.round((length * side) / longest) / step) * step || step;
  const shape = { width: sideFor(image.width), height: sideFor(image.height), centred: false, enlarge: true };
  const canvas = placeOnCanvas(image, side, shape);
  const dims = [1, canvas.height, canvas.width, 3];
  const output = await runModel(session, "ssd-mobilenetv1-face", { type: "uint8", data: canvas.data, dims });
  const boxes = output("boxes");
  const pixels = { x: side * canvas.scale.x, y: side * canvas.scale.y };
  const faces: Face[] = [];
  output("scores").forEach((score, row) => {
    if (!(score >= minScore)) return;
    const [top = 0, left = 0, bottom = 0, right = 0] = boxes.subarray(row * 4, row * 4 + 4);
    const box = {
      x: left * pixels.x,
      y: top * pixels.y,
      width: (right - left) * pixels.x,
      height: (bottom - top) * pixels.y,
    };
    if (box.width > 0 && box.height > 0) faces.push({ score, box });
  });
  return suppressOverlaps(faces, maxOverlap);
}
