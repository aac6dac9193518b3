import { FaceKitError } from "../errors.js";
import type { Face, Point } from "../spec/face.js";
import type { DecodedImage } from "../spec/image.js";
import { fitSimilarity, type SimilarityTransform } from "./similarity-transform.js";
import { warpInto } from "./warp.js";

/** Where a net wants a face's points to lie in its input chip. */
export interface AlignmentTemplate {
  /** The chip's width and height in pixels. */
  readonly size: number;
  /** Which of a face's points are fitted: the five landmarks, or these of the 68 (0-based). */
  readonly points: "landmarks" | { readonly landmarks68: readonly number[] };
  /** Target positions in chip pixels, one for each point. */
  readonly targets: readonly Point[];
}

/**
 * Cuts the aligned chip of a face: `size` × `size` RGB bytes written to `out` at `offset`.
 * Throws `invalid-argument` when the face lacks the points, or they coincide.
 */
export function alignInto(
  image: DecodedImage,
  face: Face,
  template: AlignmentTemplate,
  out: Uint8Array,
  offset: number,
): void {
  warpInto(image, alignmentOf(face, template), template.size, template.size, out, offset);
}

/** What takes a face's image to its chip. Throws as `alignInto` does. */
export function alignmentOf(face: Face, template: AlignmentTemplate): SimilarityTransform {
  return fitSimilarity(pointsOf(face, template), template.targets);
}

function pointsOf(face: Face, template: AlignmentTemplate): readonly Point[] {
  if (template.points === "landmarks") return face.landmarks ?? missing("five landmarks");
  const { landmarks68 } = face;
  if (landmarks68 === undefined) return missing("68 landmarks");
  return template.points.landmarks68.map((index) => landmarks68[index] ?? missing(`landmark ${index}`));
}

function missing(what: string): never {
  throw new FaceKitError(
    "invalid-argument",
    `This embedder aligns faces by ${what}, which the detector did not give. Use a detector that measures them.`,
  );
}
