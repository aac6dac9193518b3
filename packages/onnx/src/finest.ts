import {
  type CallOptions,
  type DecodedImage,
  type Scene,
  type SimilarityTransform,
  scaleOf,
  wholeScale,
} from "@facekit/core";

/**
 * More than detectors look at, 640 pixels or fewer, so that most faces have the pixels of a chip too: portraits' above
 * an eighth of the longer side, groups' above a sixteenth. Of a crowd every pixel is looked at.
 */
export function enough(scene: Scene): number | undefined {
  return { portrait: 800, group: 1600, crowd: undefined }[scene];
}

/** Chips of an image: the pixels to cut them from, and what takes those to each chip. */
export interface ChipSource {
  readonly image: DecodedImage;
  readonly transforms: readonly SimilarityTransform[];
}

/** The image itself, or its whole photo where a chip would have to enlarge a shrunk image. */
export async function finest(
  image: DecodedImage,
  transforms: readonly SimilarityTransform[],
  { signal }: CallOptions = {},
): Promise<ChipSource> {
  if (image.whole === undefined || transforms.every((transform) => scaleOf(transform) <= 1)) {
    return { image, transforms };
  }
  const scale = wholeScale(image);
  return {
    image: await image.whole.decode(signal === undefined ? {} : { signal }),
    transforms: transforms.map(({ a, b, tx, ty }) => ({ a: a / scale, b: b / scale, tx, ty })),
  };
}
