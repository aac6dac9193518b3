import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { DataType, encodeModel } from "../convert/onnx.js";
import { withLeakyRelus } from "../src/index.js";

const channels = 3;
const shape = [1, channels, 4, 4];

function modelWith(slopes: readonly number[]): Uint8Array {
  const features = { type: DataType.float, shape };
  const node = (operator: string, inputs: string[], output: string) => ({ operator, inputs, output, attributes: {} });
  return encodeModel({
    name: "prelu",
    description: "output = PRelu(PRelu(convolution of input))",
    input: { name: "input", ...features },
    outputs: [{ name: "output", ...features }],
    nodes: [
      node("Conv", ["input", "weights"], "convolved"),
      node("PRelu", ["convolved", "slopes"], "once"),
      node("PRelu", ["once", "slopes"], "output"),
    ],
    initializers: [
      { name: "weights", shape: [channels, channels, 1, 1], data: Float32Array.of(2, -1, 0.5, 1, 1, -3, 0.1, 0.2, -1) },
      { name: "slopes", shape: [slopes.length, 1, 1], data: Float32Array.from(slopes) },
    ],
  });
}

async function outputOf(model: Uint8Array) {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  const data = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i) * 3);
  return (await session.run({ input: new Tensor("float32", data, shape) })).output?.data;
}

function has(model: Uint8Array, operator: string): boolean {
  return Buffer.from(model).includes(`\x22${String.fromCharCode(operator.length)}${operator}`);
}

describe("withLeakyRelus", () => {
  it("makes a PRelu of one slope a LeakyRelu of the same outputs, to the bit", async () => {
    const model = modelWith([0.1]);
    const changed = withLeakyRelus(model);
    expect([has(model, "PRelu"), has(model, "LeakyRelu")]).toEqual([true, false]);
    expect([has(changed, "PRelu"), has(changed, "LeakyRelu")]).toEqual([false, true]);
    expect(await outputOf(changed)).toEqual(await outputOf(model));
  });

  it("leaves a PRelu with a slope for each channel as it is", () => {
    const model = modelWith([0.1, 0.2, 0.3]);
    expect(withLeakyRelus(model)).toBe(model);
  });

  it("gives bytes back that are no model, and models that are cut short", () => {
    const model = modelWith([0.1]);
    for (const bytes of [new Uint8Array(), new TextEncoder().encode("not a model"), model.subarray(0, 100)]) {
      expect(withLeakyRelus(bytes)).toBe(bytes);
    }
  });
});
