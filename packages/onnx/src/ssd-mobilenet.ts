import { type DecodedImage, type Face, suppressOverlaps } from "@facekit/core";
import { placeOnCanvas } from "./pixels.js";
import { runModel } from "./run-model.js";
import type { OnnxSession } from "./session.js";

/** Input side in pixels. */
const side = 512;
/** Of face-api.js. */
const maxOverlap = 0.5;

/** Boxes by the SSD MobileNet of face-api.js. `convert/ssd-mobilenet.ts` documents the outputs. */
export async function ssdFaces(session: OnnxSession, image: DecodedImage, minScore: number): Promise<Face[]> {
  const canvas = placeOnCanvas(image, side, { width: side, height: side, centred: false, enlarge: true });
  const dims = [1, side, side, 3];
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
