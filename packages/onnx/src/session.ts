import type { PlanarOptions } from "@facekit/core";

/** A tensor as plain data, so that a session may live on another thread. `data` is row-major. */
export type OnnxTensor =
  | { readonly type: "uint8"; readonly data: Uint8Array; readonly dims: readonly number[] }
  | { readonly type: "float32"; readonly data: Float32Array; readonly dims: readonly number[] };

/** Pixels that a net takes as float32 planes. They are made where the net runs, so that a quarter of the bytes goes there. */
export interface OnnxPixels {
  readonly type: "pixels";
  /** RGB rows. */
  readonly data: Uint8Array;
  /** Images, height and width. */
  readonly dims: readonly [count: number, height: number, width: number];
  readonly planes: PlanarOptions;
}

export type OnnxInput = OnnxTensor | OnnxPixels;

export interface RunOptions {
  /** Another run for the same photo is under way: a session on several threads starts none for it. */
  readonly alongside?: boolean;
}

/**
 * A loaded model. `run` takes over the buffers of its inputs: they may be moved to another thread and are then empty.
 * The net gets the `inputTensor` of each; at most one may be pixels. Rejects with `inference-failed`.
 */
export interface OnnxSession extends AsyncDisposable {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, OnnxInput>>, options?: RunOptions): Promise<Readonly<Record<string, OnnxTensor>>>;
}

/** What ONNX Runtime is on this platform: makes a session of a model's verified bytes. Rejects with `model-corrupt`. */
export type CreateOnnxSession = (model: Uint8Array, name: string) => Promise<OnnxSession>;
