import { concat, type Field, floatField, intField, messageField, readFields, stringField } from "./protobuf.js";

/** Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const modelGraph = 7;
const graphField = { node: 1, initializer: 5 };
const nodeField = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 };
const attributeField = { name: 1, float: 2, type: 20 };
const tensorField = { type: 2, floats: 4, name: 8, raw: 9 };
/** Both of a tensor's numbers and of an attribute. */
const floatType = 1;

/**
 * An ONNX model whose every PRelu with one slope for all channels is the LeakyRelu that it amounts to. ONNX Runtime fuses
 * a LeakyRelu with the convolution before it and runs a PRelu by itself, slowly. The outputs are the same to the bit.
 * Bytes in which there is nothing to change, or which are no model, come back as they are.
 */
export function withLeakyRelus(model: Uint8Array): Uint8Array {
  try {
    const fields = readFields(model);
    const graph = fields.find(({ number }) => number === modelGraph);
    const changed = graph && changedGraph(readFields(graph.bytes));
    return changed === undefined ? model : concat(fields.map((field) => (field === graph ? changed : field.whole)));
  } catch (error) {
    // What is wrong with it ONNX Runtime says better.
    if (error instanceof RangeError) return model;
    throw error;
  }
}

function changedGraph(fields: readonly Field[]): Uint8Array | undefined {
  const tensors = fields.filter(({ number }) => number === graphField.initializer);
  const slopes = new Map(tensors.flatMap(({ bytes }) => singleFloat(readFields(bytes))));
  if (slopes.size === 0) return undefined;
  let changes = 0;
  const parts = fields.map(({ number, whole, bytes }) => {
    const changed = number === graphField.node ? leakyRelu(readFields(bytes), slopes) : undefined;
    if (changed === undefined) return whole;
    changes++;
    return messageField(graphField.node, ...changed);
  });
  return changes === 0 ? undefined : messageField(modelGraph, ...parts);
}

/** Name and value of a tensor that is one number. */
function singleFloat(tensor: readonly Field[]): [name: string, value: number][] {
  const numbers = tensor.find(({ number }) => number === tensorField.raw || number === tensorField.floats)?.bytes;
  const isFloat = tensor.some(({ number, integer }) => number === tensorField.type && integer === floatType);
  if (!isFloat || numbers?.length !== 4) return [];
  return [[textOf(tensor, tensorField.name), new DataView(numbers.buffer, numbers.byteOffset).getFloat32(0, true)]];
}

/** The fields of the node instead of a PRelu; undefined where it is another node or has several slopes. */
function leakyRelu(node: readonly Field[], slopes: ReadonlyMap<string, number>): Uint8Array[] | undefined {
  if (textOf(node, nodeField.operator) !== "PRelu") return undefined;
  const [input, slopeName] = node.filter(({ number }) => number === nodeField.input);
  const slope = slopeName && slopes.get(new TextDecoder().decode(slopeName.bytes));
  if (input === undefined || slope === undefined) return undefined;
  return [
    input.whole,
    ...node.filter(({ number }) => number === nodeField.output || number === nodeField.name).map(({ whole }) => whole),
    stringField(nodeField.operator, "LeakyRelu"),
    messageField(
      nodeField.attribute,
      stringField(attributeField.name, "alpha"),
      floatField(attributeField.float, slope),
      intField(attributeField.type, floatType),
    ),
  ];
}

function textOf(fields: readonly Field[], number: number): string {
  return new TextDecoder().decode(fields.find((field) => field.number === number)?.bytes);
}
