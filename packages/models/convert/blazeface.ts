/**
 * BlazeFace, MediaPipe's "back" model: finds faces from close by to a few metres away.
 *
 * In:  `image` uint8 [1, 256, 256, 3], RGB; the photo scaled to fit and centred on black.
 * Out: `boxes` float32 [1, 896, 16] and `scores` float32 [1, 896], 0 to 1.
 *
 * Row i of `boxes` is relative to anchor i and in input pixels: [0..1] the centre of the face minus the anchor (x, y),
 * [2..3] its width and height, then the right eye, left eye, nose tip, mouth, right ear and left ear (the subject's own
 * sides), each as (x, y) minus the anchor. Anchors run by row, then column, then count: two in the middle of every cell
 * of 16 pixels (16 by 16 cells), then six in the middle of every cell of 32 pixels (8 by 8 cells).
 */

import { Graph } from "./graph.js";
import { add, convolution, padEnd, pixels, relu } from "./layers.js";
import { DataType } from "./onnx.js";
import type { Weights } from "./tfjs-weights.js";

/** Blocks that halve the image, with the number of channels they add. */
const DOWN: Readonly<Record<number, number>> = { 7: 0, 15: 24, 23: 48 };
const BLOCKS = 31;

export function blazeface(weights: Weights): Uint8Array {
  const graph = new Graph();
  // The weights were saved without their layers' names: each layer's are numbered on from the one before.
  const number = (n: number) => `unknown_${n}`;
  const pointwise = (x: string, filters: string, bias: string) =>
    convolution(graph, x, weights.get(filters), { bias: weights.values(bias) });
  const separable = (x: string, first: number, stride: 1 | 2) => {
    const depthwise = convolution(graph, x, weights.get(number(first)), { stride, depthwise: true });
    return pointwise(depthwise, number(first + 2), number(first + 3));
  };

  const input = pixels(graph, "image", [127.5, 127.5, 127.5], 127.5);
  let x = relu(
    graph,
    convolution(graph, input, weights.get("unknown"), { bias: weights.values("unknown_0"), stride: 2 }),
  );
  for (let block = 0; block < BLOCKS; block++) {
    const channelsAdded = DOWN[block];
    const out = separable(x, 4 * block + 1, channelsAdded === undefined ? 1 : 2);
    if (channelsAdded !== undefined) {
      x = graph.node("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
      if (channelsAdded > 0) x = padEnd(graph, x, 0, 0, channelsAdded);
    }
    x = relu(graph, add(graph, x, out));
  }
  const coarse = relu(graph, separable(x, 4 * BLOCKS + 1, 2));

  const head = (from: string, first: number, valuesPerAnchor: number) => {
    const channelsLast = graph.node("Transpose", [pointwise(from, number(first), number(first + 1))], {
      perm: [0, 2, 3, 1],
    });
    return graph.node("Reshape", [
      channelsLast,
      graph.integers(1, -1, ...(valuesPerAnchor > 1 ? [valuesPerAnchor] : [])),
    ]);
  };
  graph.node("Concat", [head(x, 131, 16), head(coarse, 129, 16)], { axis: 1 }, "boxes");
  const logits = graph.node("Concat", [head(x, 135, 1), head(coarse, 133, 1)], { axis: 1 });
  graph.node("Sigmoid", [logits], {}, "scores");

  return graph.encode(
    "blazeface-back",
    "Face detector of Google MediaPipe, converted from @vladmandic/human",
    { name: "image", type: DataType.uint8, shape: [1, 256, 256, 3] },
    [
      { name: "boxes", type: DataType.float, shape: [1, 896, 16] },
      { name: "scores", type: DataType.float, shape: [1, 896] },
    ],
  );
}
