import { type DecodedImage, type Face, overlapOfSmaller, suppressOverlaps } from "@facekit/core";
import { placeOnCanvas } from "./pixels.js";
import { runModel } from "./run-model.js";
import type { OnnxSession } from "./session.js";

/** Input side in pixels, and the grids of anchors: MediaPipe face_detection_back (SSD anchors of fixed size 1). */
const side = 256;
const grids = [
  { stride: 16, anchors: 2 },
  { stride: 32, anchors: 6 },
] as const;
/** Of the smaller box: on tight portraits parts of a face come back as faces, half beside the whole. */
const maxOverlap = 0.4;

/** Boxes by BlazeFace "back" (V. Bazarevsky et al., 2019). `convert/blazeface.ts` documents the outputs. */
export async function blazeFaces(session: OnnxSession, image: DecodedImage, minScore: number): Promise<Face[]> {
  const canvas = placeOnCanvas(image, side, { width: side, height: side, centred: true, enlarge: true });
  const dims = [1, side, side, 3];
  const output = await runModel(session, "blazeface-back", { type: "uint8", data: canvas.data, dims });
  const boxes = output("boxes");
  const scores = output("scores");
  const faces: Face[] = [];
  let row = 0;
  for (const { stride, anchors } of grids) {
    const cells = side / stride;
    for (let cell = 0; cell < cells * cells; cell++) {
      for (let anchor = 0; anchor < anchors; anchor++, row++) {
        const score = scores[row] ?? 0;
        if (!(score >= minScore)) continue;
        const [dx = 0, dy = 0, width = 0, height = 0] = boxes.subarray(row * 16, row * 16 + 4);
        const x = dx + ((cell % cells) + 0.5) * stride - width / 2;
        const y = dy + (Math.floor(cell / cells) + 0.5) * stride - height / 2;
        faces.push({
          score,
          box: {
            x: (x - canvas.left) * canvas.scale.x,
            y: (y - canvas.top) * canvas.scale.y,
            width: width * canvas.scale.x,
            height: height * canvas.scale.y,
          },
        });
      }
    }
  }
  return suppressOverlaps(faces, maxOverlap, overlapOfSmaller);
}
