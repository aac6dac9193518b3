/** The messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the bare numbers are its field numbers. */

import { bytesField, concat, intField, messageField, stringField } from "../src/protobuf.js";

/** The newest operator changes used here (Pad with its pads as an input) are those of opset 13. */
const OPSET = 13;
const IR_VERSION = 7;

export const DataType = { float: 1, uint8: 2, int64: 7 } as const;
export type DataType = (typeof DataType)[keyof typeof DataType];

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | BigInt64Array;
}

export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** An input or output of the whole graph. A dimension given by name is free: it is set by each run. */
export interface Value {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
}

interface Model {
  readonly name: string;
  readonly description: string;
  readonly input: Value;
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
}

export function encodeModel(model: Model): Uint8Array {
  return concat([
    intField(1, IR_VERSION),
    stringField(2, "facekit"),
    messageField(
      7,
      ...model.nodes.map((node) => messageField(1, ...nodeFields(node))),
      stringField(2, model.name),
      ...model.initializers.map((tensor) => messageField(5, ...tensorFields(tensor))),
      stringField(10, model.description),
      messageField(11, ...valueFields(model.input)),
      ...model.outputs.map((output) => messageField(12, ...valueFields(output))),
    ),
    messageField(8, stringField(1, ""), intField(2, OPSET)),
  ]);
}

function nodeFields(node: Node): Uint8Array[] {
  return [
    ...node.inputs.map((input) => stringField(1, input)),
    stringField(2, node.output),
    stringField(3, node.output),
    stringField(4, node.operator),
    ...Object.entries(node.attributes).map(([name, value]) => messageField(5, ...attributeFields(name, value))),
  ];
}

function attributeFields(name: string, value: Attributes[string]): Uint8Array[] {
  const [INT, STRING, INTS] = [2, 3, 7];
  if (typeof value === "number") return [stringField(1, name), intField(3, value), intField(20, INT)];
  if (typeof value === "string") return [stringField(1, name), stringField(4, value), intField(20, STRING)];
  return [stringField(1, name), ...value.map((each) => intField(8, each)), intField(20, INTS)];
}

function tensorFields({ name, shape, data }: Tensor): Uint8Array[] {
  const type =
    data instanceof Float32Array ? DataType.float : data instanceof Uint8Array ? DataType.uint8 : DataType.int64;
  return [
    ...shape.map((size) => intField(1, size)),
    intField(2, type),
    stringField(8, name),
    bytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function valueFields({ name, type, shape }: Value): Uint8Array[] {
  const dimensions = shape.map((size) =>
    messageField(1, typeof size === "number" ? intField(1, size) : stringField(2, size)),
  );
  return [stringField(1, name), messageField(2, messageField(1, intField(1, type), messageField(2, ...dimensions)))];
}
