/**
 * The SSD face detector with a MobileNet v1 trunk: slower than BlazeFace, finds the small faces of a group photo.
 *
 * In:  `image` uint8 [1, height, width, 3], RGB; the photo's longest side scaled to 512, zeros to the right and below. Of
 *      the square of 512 that the net was trained on, the black rows or columns at the end may be left out.
 * Out: `boxes` float32 [1, boxes, 4] and `scores` float32 [1, boxes], 0 to 1; of the whole square 5118 boxes.
 *
 * A box is (top, left, bottom, right) as fractions of 512 pixels; it may reach outside the image. Boxes are decoded but
 * overlap. face-api.js keeps those that score above 0.5, drops by greedy non-maximum suppression (best first) each that
 * overlaps a kept one with an IoU above 0.5, stops at 100, and clips them to 0..1.
 */

import { element } from "./element.js";
import { Graph } from "./graph.js";
import { add, type ConvolutionOptions, convolution, pixels } from "./layers.js";
import { DataType } from "./onnx.js";
import type { Weights } from "./tfjs-weights.js";

/** Of the square of 512 pixels: cells along a side of each scale, and prior boxes of a cell. */
const SCALES = [
  { cells: 32, priors: 3 },
  { cells: 16, priors: 6 },
  { cells: 8, priors: 6 },
  { cells: 4, priors: 6 },
  { cells: 2, priors: 6 },
  { cells: 1, priors: 6 },
] as const;
const CLASSES = 3;
const FACE_CLASS = 1;
const BATCH_NORM_EPSILON = 0.001;

export function ssdMobilenet(weights: Weights): Uint8Array {
  const graph = new Graph();
  const strided = (stride: 1 | 2): ConvolutionOptions => ({ stride, padding: stride === 2 ? "end" : "same" });
  const relu6 = (x: string) => graph.node("Clip", [x, graph.scalar(0), graph.scalar(6)]);
  const pointwise = (x: string, name: string, stride: 1 | 2 = 1) => {
    const bias = weights.values(`${name}_pointwise/convolution_bn_offset`);
    return relu6(convolution(graph, x, weights.get(`${name}_pointwise/weights`), { bias, ...strided(stride) }));
  };
  const depthwise = (x: string, name: string, stride: 1 | 2) => {
    const norm = (part: string) => weights.values(`${name}_depthwise/BatchNorm/${part}`);
    const [variance, mean] = [norm("moving_variance"), norm("moving_mean")];
    const scale = norm("gamma").map((each, i) => each / Math.sqrt(element(variance, i) + BATCH_NORM_EPSILON));
    const bias = norm("beta").map((each, i) => each - element(mean, i) * element(scale, i));
    const filters = weights.get(`${name}_depthwise/depthwise_weights`);
    return relu6(convolution(graph, x, filters, { scale, bias, ...strided(stride), depthwise: true }));
  };

  const input = pixels(graph, "image", [127.5, 127.5, 127.5], 127.5);
  let x = pointwise(input, "MobilenetV1/Conv2d_0", 2);
  const features: string[] = [];
  for (let layer = 1; layer <= 13; layer++) {
    const name = `MobilenetV1/Conv2d_${layer}`;
    x = pointwise(depthwise(x, name, [2, 4, 6, 12].includes(layer) ? 2 : 1), name);
    if (layer === 11 || layer === 13) features.push(x);
  }
  for (let layer = 0; layer < 8; layer += 2) {
    x = pointwise(x, `Prediction/Conv2d_${layer}`);
    x = pointwise(x, `Prediction/Conv2d_${layer + 1}`, 2);
    features.push(x);
  }

  const predictions = (kind: string, valuesPerBox: number) => {
    const perScale = features.map((feature, scale) => {
      const name = `Prediction/BoxPredictor_${scale}/${kind}`;
      const predicted = convolution(graph, feature, weights.get(`${name}/weights`), {
        bias: weights.values(`${name}/biases`),
      });
      const channelsLast = graph.node("Transpose", [predicted], { perm: [0, 2, 3, 1] });
      return graph.node("Reshape", [channelsLast, graph.integers(1, -1, valuesPerBox)]);
    });
    return graph.node("Concat", perScale, { axis: 1 });
  };

  const priors = priorsUnder(graph, features, weights.values("Output/extra_dim"));
  decodeBoxes(graph, predictions("BoxEncodingPredictor", 4), priors);
  const classes = predictions("ClassPredictor", CLASSES);
  const faces = graph.node("Gather", [classes, graph.constant(BigInt64Array.of(BigInt(FACE_CLASS)), [])], { axis: 2 });
  graph.node("Sigmoid", [faces], {}, "scores");

  return graph.encode(
    "ssd-mobilenetv1-face",
    "SSD MobileNet v1 face detector, converted from @vladmandic/face-api",
    { name: "image", type: DataType.uint8, shape: [1, "height", "width", 3] },
    [
      { name: "boxes", type: DataType.float, shape: [1, "boxes", 4] },
      { name: "scores", type: DataType.float, shape: [1, "boxes"] },
    ],
  );
}

/** Of a prior box: its centre (y, x), a tenth of its size (height, width), half its size. */
const PRIOR_VALUES = 6;

/** The prior boxes of the cells that there are of the square, which depend on the sides of the input. */
function priorsUnder(graph: Graph, features: readonly string[], corners: Float32Array): string {
  let at = 0;
  const perScale = SCALES.map(({ cells, priors }, scale) => {
    const count = cells * cells * priors;
    const values = Array.from({ length: count }, (_, prior) => {
      const [top = 0, left = 0, bottom = 0, right = 0] = corners.subarray(at + prior * 4, at + prior * 4 + 4);
      const [height, width] = [bottom - top, right - left];
      return [(top + bottom) / 2, (left + right) / 2, height / 10, width / 10, height / 2, width / 2];
    });
    at += count * 4;
    const all = graph.constant(Float32Array.from(values.flat()), [cells, cells, priors * PRIOR_VALUES]);
    const shape = graph.node("Shape", [features[scale] ?? ""]);
    const sides = graph.node("Slice", [shape, graph.integers(2), graph.integers(4)]);
    const there = graph.node("Slice", [all, graph.integers(0, 0), sides, graph.integers(0, 1)]);
    return graph.node("Reshape", [there, graph.integers(1, -1, PRIOR_VALUES)]);
  });
  return graph.node("Concat", perScale, { axis: 1 });
}

/**
 * A prediction is (y, x, log height, log width) relative to its prior box, in tenths and fifths:
 * centre = prior centre + yx / 10 * prior size, size = prior size * exp(hw / 5).
 */
function decodeBoxes(graph: Graph, encoded: string, priors: string): void {
  const pair = (values: string, first: number) =>
    graph.node("Slice", [values, graph.integers(first), graph.integers(first + 2), graph.integers(2)]);

  const offset = graph.node("Mul", [pair(encoded, 0), pair(priors, 2)]);
  const center = add(graph, offset, pair(priors, 0));
  const growth = graph.node("Exp", [graph.node("Div", [pair(encoded, 2), graph.scalar(5)])]);
  const half = graph.node("Mul", [growth, pair(priors, 4)]);
  const corners = [graph.node("Sub", [center, half]), add(graph, center, half)];
  graph.node("Concat", corners, { axis: 2 }, "boxes");
}
