import type { Adapter, CallOptions } from "./adapter.js";
import type { Face } from "./face.js";
import type { DecodedImage } from "./image.js";

/**
 * Where vectors may be compared: the same weights, alignment and preprocessing.
 * Vectors of two spaces are never compared; a store that holds another space refuses at once.
 */
export interface EmbeddingSpace {
  /** Differs whenever weights, alignment or preprocessing differ. */
  readonly id: string;
  readonly dimensions: number;
  /** Vectors have unit length; similarity is their dot product, -1..1. */
  readonly metric: "cosine";
}

/**
 * Which similarity threshold gave which rate of false matches between photos of two people.
 * Rates and terms after ISO/IEC 19795-1. Pairs are compared in full, never through an approximate index.
 */
export interface Calibration {
  /** What the pairs were, for example `"LFW, 3 folds"`. */
  readonly data: string;
  /** The rate that is used when the caller names none. */
  readonly defaultFalseMatchRate: number;
  /** Empty where nothing was measured here. */
  readonly points: readonly CalibrationPoint[];
  /** A threshold that the model's authors publish without an error rate: used while `points` is empty. */
  readonly publishedThreshold?: number;
}

export interface CalibrationPoint {
  /** FMR: the share of impostor pairs that would be accepted, 0..1. */
  readonly falseMatchRate: number;
  /** Accept a similarity of at least this. */
  readonly threshold: number;
  /** How many impostor pairs stand behind the figure. */
  readonly impostorPairs: number;
  /**
   * The 95 % interval of the rate, `[low, high]`, where it was told. It takes the pairs as independent (Wilson's score
   * interval), and pairs that share a person are not: over a few thousand people the true interval is wider.
   */
  readonly interval?: readonly [low: number, high: number];
  /** TMR = 1 - FNMR: the share of genuine pairs accepted at this threshold, 0..1, where measured. */
  readonly trueMatchRate?: number;
}

export interface FaceInImage {
  readonly image: DecodedImage;
  readonly face: Face;
}

export interface Embedder extends Adapter {
  readonly space: EmbeddingSpace;
  readonly calibration?: Calibration;
  /** Cuts faces from the image's `whole` where a shrunk image has too few pixels. Without it, images come at full size. */
  readonly readsWhole?: true;
  /** Which points of a face the alignment needs. */
  readonly requires: "landmarks" | "landmarks68";
  /**
   * Templates of the given faces, in their order: one vector of `space.dimensions` numbers and unit length each.
   * All go through the net in one batch.
   */
  embed(faces: readonly FaceInImage[], options?: CallOptions): Promise<Float32Array[]>;
}
