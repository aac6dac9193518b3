/** The layers the four nets share. TensorFlow keeps channels last (NHWC, HWIO), ONNX keeps them first (NCHW, OIHW). */

import { element } from "./element.js";
import type { Graph } from "./graph.js";
import { DataType } from "./onnx.js";
import type { Weight } from "./tfjs-weights.js";

export interface ConvolutionOptions {
  readonly bias?: Float32Array;
  /** Multiplies each output channel: the scale of a batch normalisation, folded into the filters. */
  readonly scale?: Float32Array;
  readonly stride?: 1 | 2;
  /** `end`: that of `same` for even sides, and for odd ones too, so that filters lie where they do on a larger image. */
  readonly padding?: "same" | "valid" | "end";
  /** One filter for each channel, as TensorFlow's depthwise convolution has it. */
  readonly depthwise?: boolean;
}

/** Turns the rows of uint8 RGB pixels into float32 NCHW, `(pixel - mean) / divisor`. */
export function pixels(graph: Graph, input: string, mean: readonly number[], divisor: number): string {
  // Transposed before the cast, while a pixel is still one byte.
  const channelsFirst = graph.node("Transpose", [input], { perm: [0, 3, 1, 2] });
  const floats = graph.node("Cast", [channelsFirst], { to: DataType.float });
  const means = graph.constant(Float32Array.from(mean), [1, mean.length, 1, 1]);
  return graph.node("Div", [graph.node("Sub", [floats, means]), graph.scalar(divisor)]);
}

export function convolution(graph: Graph, x: string, filters: Weight, options: ConvolutionOptions = {}): string {
  const { bias, scale, stride = 1, padding = "same", depthwise = false } = options;
  const [height = 0, width = 0, channelsIn = 0] = filters.shape;
  const inputs = [x, weight(graph, channelsFirst(filters, depthwise), scale)];
  if (bias) inputs.push(graph.constant(bias));
  return graph.node("Conv", inputs, {
    kernel_shape: [height, width],
    strides: [stride, stride],
    group: depthwise ? channelsIn : 1,
    // TensorFlow puts the odd row or column of padding below and to the right, which ONNX calls upper.
    // Two are enough for odd sides; of even ones the second is not reached.
    ...(padding === "end" ? { pads: [0, 0, 2, 2] } : { auto_pad: padding === "same" ? "SAME_UPPER" : "VALID" }),
  });
}

/** `x * filters + bias` for a matrix of weights, which both sides store the same way. */
export function fullyConnected(graph: Graph, x: string, weights: Weight, bias?: Float32Array, name?: string): string {
  if (!bias) return graph.node("MatMul", [x, weight(graph, weights)], {}, name);
  return graph.node("Gemm", [x, weight(graph, weights), graph.constant(bias)], {}, name);
}

export function relu(graph: Graph, x: string): string {
  return graph.node("Relu", [x]);
}

export function add(graph: Graph, a: string, b: string): string {
  return graph.node("Add", [a, b]);
}

/** Appends zeros: below, to the right, and as further channels. */
export function padEnd(graph: Graph, x: string, rows: number, columns: number, channels: number): string {
  return graph.node("Pad", [x, graph.integers(0, 0, 0, 0, 0, channels, rows, columns)]);
}

/**
 * A weight as float32. A quantised one stays one byte per value in the file and is widened by Cast, Add and Mul, which
 * ONNX Runtime computes once, when it loads the model; DequantizeLinear it would leave to every run. The zero point is
 * added before the scale is applied: it is a whole number here, so their sum is exact, where `byte * scale + min` would
 * round values near zero off and move the SSD's scores by 3e-4.
 */
function weight(graph: Graph, source: Weight, channelScale?: Float32Array): string {
  const stored = graph.constant(source.data, source.shape, source.name);
  const quantized = "scale" in source;
  if (!quantized && !channelScale) return stored;
  const zeroed = quantized
    ? graph.node("Add", [graph.node("Cast", [stored], { to: DataType.float }), graph.scalar(source.min / source.scale)])
    : stored;
  const unit = quantized ? source.scale : 1;
  const scale = channelScale
    ? graph.constant(
        channelScale.map((each) => each * unit),
        [channelScale.length, ...source.shape.slice(1).map(() => 1)],
      )
    : graph.scalar(unit);
  return graph.node("Mul", [zeroed, scale]);
}

/** [height, width, in, out] to [out, in, height, width], which for a depthwise filter is [in, 1, height, width]. */
function channelsFirst(filters: Weight, depthwise: boolean): Weight {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = filters.shape;
  const area = height * width;
  const from = (_: unknown, to: number): number => {
    const output = Math.floor(to / (inputs * area));
    const input = Math.floor(to / area) % inputs;
    return element(filters.data, ((to % area) * inputs + input) * outputs + output);
  };
  const shape = depthwise ? [inputs, outputs, height, width] : [outputs, inputs, height, width];
  return "scale" in filters
    ? { ...filters, shape, data: Uint8Array.from(filters.data, from) }
    : { ...filters, shape, data: Float32Array.from(filters.data, from) };
}
