/**
 * The 68 landmarks of face-api.js, numbered as in the iBUG 300-W scheme.
 *
 * In:  `faces` uint8 [N, 112, 112, 3], RGB; square crops, what is not square centred on black.
 * Out: `landmarks` float32 [N, 136], (x, y) of each point in turn, as fractions of the crop; they may lie outside 0..1.
 */

import { Graph } from "./graph.js";
import { add, convolution, fullyConnected, pixels, relu } from "./layers.js";
import { DataType } from "./onnx.js";
import type { Weights } from "./tfjs-weights.js";

export function landmarks68(weights: Weights): Uint8Array {
  const graph = new Graph();
  const convolve = (x: string, name: string, stride: 1 | 2) => {
    const bias = weights.values(`${name}/bias`);
    // The very first layer alone is a plain convolution: three channels are too few to separate.
    if (name === "dense0/conv0") return convolution(graph, x, weights.get(`${name}/filters`), { bias, stride });
    const depthwise = convolution(graph, x, weights.get(`${name}/depthwise_filter`), { stride, depthwise: true });
    return convolution(graph, depthwise, weights.get(`${name}/pointwise_filter`), { bias });
  };

  let x = pixels(graph, "faces", [122.782, 117.001, 104.298], 255);
  for (const block of ["dense0", "dense1", "dense2", "dense3"]) {
    // Each layer sees the sum of all before it; the sum leaves the first layer's output rectified, the others' not.
    let sum = relu(graph, convolve(x, `${block}/conv0`, 2));
    x = sum;
    for (const layer of ["conv1", "conv2", "conv3"]) {
      sum = add(graph, sum, convolve(x, `${block}/${layer}`, 1));
      x = relu(graph, sum);
    }
  }
  // What is left is 7 by 7, the size of the original's pooling window.
  const pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])], { axis: 1 });
  fullyConnected(graph, pooled, weights.get("fc/weights"), weights.values("fc/bias"), "landmarks");

  return graph.encode(
    "landmarks-68",
    "68 face landmarks of face-api.js, converted from @vladmandic/face-api",
    { name: "faces", type: DataType.uint8, shape: ["N", 112, 112, 3] },
    [{ name: "landmarks", type: DataType.float, shape: ["N", 136] }],
  );
}
