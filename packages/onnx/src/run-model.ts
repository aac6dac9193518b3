import { FaceKitError } from "@facekit/core";
import type { OnnxInput, OnnxSession, RunOptions } from "./session.js";

/** Runs a model of one input and gives its float32 outputs by name. */
export async function runModel(
  session: OnnxSession,
  adapter: string,
  input: OnnxInput,
  options?: RunOptions,
): Promise<(name: string) => Float32Array> {
  const [inputName] = session.inputNames;
  if (inputName === undefined) throw new FaceKitError("model-corrupt", `Model "${adapter}" has no input.`, { adapter });
  const outputs = await session.run({ [inputName]: input }, options);
  return (name) => {
    const tensor = outputs[name];
    if (tensor?.type === "float32") return tensor.data;
    const got = Object.keys(outputs).join(", ");
    throw new FaceKitError(
      "model-corrupt",
      `Model "${adapter}" has no float32 output "${name}"; it has ${got}. Is this the model that the card describes?`,
      { adapter },
    );
  };
}
