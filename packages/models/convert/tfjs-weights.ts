/** Reads the weights TensorFlow.js saves: a manifest that lists tensors, and their bytes end to end in one file. */

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  /** Present where each value is kept as one byte, standing for `byte * scale + min`. */
  readonly quantization?: { readonly dtype: "uint8"; readonly scale: number; readonly min: number };
}

/** The manifest's own file, or a graph model's file that holds it. */
type ManifestFile = readonly ManifestGroup[] | { readonly weightsManifest: readonly ManifestGroup[] };
interface ManifestGroup {
  readonly weights: readonly ManifestEntry[];
}

export type Weight = FloatWeight | QuantizedWeight;

interface FloatWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

interface QuantizedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
  readonly scale: number;
  readonly min: number;
}

export class Weights {
  readonly #byName = new Map<string, Weight>();

  constructor(manifest: Uint8Array, bytes: Uint8Array) {
    // The manifest's SHA-256 was checked, so its shape is known.
    const file: ManifestFile = JSON.parse(new TextDecoder().decode(manifest));
    const groups = "weightsManifest" in file ? file.weightsManifest : file;
    let at = 0;
    for (const entry of groups.flatMap((group) => group.weights)) {
      const length = elements(entry.shape) * (entry.quantization ? 1 : 4);
      // A copy, because a view of four-byte values would have to start at a multiple of four.
      const data = new Uint8Array(bytes.subarray(at, at + length));
      at += length;
      const weight = toWeight(entry, data);
      if (weight) this.#byName.set(entry.name, weight);
    }
    if (at !== bytes.length) throw new Error(`the manifest describes ${at} bytes of weights, got ${bytes.length}`);
  }

  get(name: string): Weight {
    const weight = this.#byName.get(name);
    if (!weight) throw new Error(`no weight is named ${name}`);
    return weight;
  }

  /** The values of a small tensor (a bias, a scale), which stays float32 in the ONNX file. */
  values(name: string): Float32Array {
    const weight = this.get(name);
    return "scale" in weight ? Float32Array.from(weight.data, (byte) => byte * weight.scale + weight.min) : weight.data;
  }
}

function toWeight(
  { name, shape, dtype, quantization }: ManifestEntry,
  data: Uint8Array<ArrayBuffer>,
): Weight | undefined {
  // The integers are shapes and axes of the training graph; the nets are written out here without them.
  if (dtype === "int32") return undefined;
  if (quantization) return { name, shape, data, scale: quantization.scale, min: quantization.min };
  return { name, shape, data: new Float32Array(data.buffer) };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
