import type { Adapter, CallOptions } from "./adapter.js";
import type { Face } from "./face.js";
import type { DecodedImage } from "./image.js";

/**
 * What kind of photo to expect. `portrait`: one person near the camera, fastest.
 * `group`: every face counts, small ones too. `crowd`: a large photo of very many small faces, slowest.
 */
export type Scene = "portrait" | "group" | "crowd";

export interface DetectOptions extends CallOptions {
  /** Default `"group"`: no face is missed for speed unless the caller says so. */
  readonly scene?: Scene;
  /** Drop faces below this confidence, 0..1. Default: the model card's. */
  readonly minScore?: number;
  /** Keep at most this many faces, 1 or more, the best first. Default: all. */
  readonly maxFaces?: number;
}

export interface Detector extends Adapter {
  /** Which points every face carries beside its box. */
  readonly capabilities: { readonly landmarks: boolean; readonly landmarks68: boolean };
  /** How many photos at a time keep it busy. Default 1. */
  readonly concurrency?: number;
  /**
   * The longer side in pixels at which a photo of such a scene tells it as much as a larger one, if it takes finer crops
   * from the image's `whole`; undefined where more tells more. Without this, images come at full size.
   */
  enough?(scene: Scene): number | undefined;
  /** Finds faces, best score first. No face is `[]`, not an error. */
  detect(image: DecodedImage, options?: DetectOptions): Promise<Face[]>;
}
