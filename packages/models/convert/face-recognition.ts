/**
 * dlib's face recognition net (a ResNet of 29 layers), as face-api.js ships it.
 *
 * In:  `faces` uint8 [N, 150, 150, 3], RGB; square crops, what is not square centred on black.
 * Out: `embedding` float32 [N, 128], not normalised. Two faces of one person lie less than 0.6 apart (Euclidean).
 */

import { element } from "./element.js";
import { Graph } from "./graph.js";
import { add, type ConvolutionOptions, convolution, fullyConnected, padEnd, pixels, relu } from "./layers.js";
import { DataType } from "./onnx.js";
import type { Weights } from "./tfjs-weights.js";

interface Block {
  readonly name: string;
  /** Present where the block halves the image. */
  readonly down?: { readonly channelsAdded: number; readonly padded: boolean };
}

const BLOCKS: readonly Block[] = [
  { name: "conv32_1" },
  { name: "conv32_2" },
  { name: "conv32_3" },
  { name: "conv64_down", down: { channelsAdded: 32, padded: false } },
  { name: "conv64_1" },
  { name: "conv64_2" },
  { name: "conv64_3" },
  { name: "conv128_down", down: { channelsAdded: 64, padded: false } },
  { name: "conv128_1" },
  { name: "conv128_2" },
  { name: "conv256_down", down: { channelsAdded: 128, padded: true } },
  { name: "conv256_1" },
  { name: "conv256_2" },
  { name: "conv256_down_out", down: { channelsAdded: 0, padded: true } },
];

export function faceRecognition(weights: Weights): Uint8Array {
  const graph = new Graph();
  const convolve = (x: string, name: string, options: ConvolutionOptions = {}) => {
    // The original scales what the convolution and its bias give, (x + bias) * scale + shift.
    const scale = weights.values(`${name}/scale/weights`);
    const shift = weights.values(`${name}/scale/biases`);
    const bias = weights.values(`${name}/conv/bias`).map((each, i) => each * element(scale, i) + element(shift, i));
    return convolution(graph, x, weights.get(`${name}/conv/filters`), { ...options, scale, bias });
  };
  const halving: ConvolutionOptions = { stride: 2, padding: "valid" };

  let x = pixels(graph, "faces", [122.782, 117.001, 104.298], 255);
  x = relu(graph, convolve(x, "conv32_down", halving));
  x = graph.node("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2] });
  for (const { name, down } of BLOCKS) {
    let out = relu(graph, convolve(x, `${name}/conv1`, down ? halving : {}));
    out = convolve(out, `${name}/conv2`);
    if (down) {
      x = graph.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
      if (down.channelsAdded > 0) x = padEnd(graph, x, 0, 0, down.channelsAdded);
      // An image of even size loses a row and a column more to the convolution than to the pooling.
      if (down.padded) out = padEnd(graph, out, 1, 1, 0);
    }
    x = relu(graph, add(graph, x, out));
  }
  const pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])], { axis: 1 });
  fullyConnected(graph, pooled, weights.get("fc"), undefined, "embedding");

  return graph.encode(
    "face-recognition-dlib",
    "dlib_face_recognition_resnet_model_v1 of Davis King, converted from @vladmandic/face-api",
    { name: "faces", type: DataType.uint8, shape: ["N", 150, 150, 3] },
    [{ name: "embedding", type: DataType.float, shape: ["N", 128] }],
  );
}
