import { toPlanes } from "@facekit/core";
import type { OnnxInput, OnnxTensor } from "./session.js";

/**
 * The tensor that a net gets: of pixels their float32 planes, N × 3 × H × W. Those lie in memory that the next call on
 * this thread writes over: run the net first, or copy them.
 */
export function inputTensor(input: OnnxInput): OnnxTensor {
  if (input.type !== "pixels") return input;
  const [count, height, width] = input.dims;
  const data = toPlanes(input.data, count, height * width, input.planes);
  return { type: "float32", data, dims: [count, 3, height, width] };
}
