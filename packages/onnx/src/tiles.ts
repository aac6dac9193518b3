import type { Box, DecodedImage, Point } from "@facekit/core";

export interface Tile extends Point {
  readonly image: DecodedImage;
  /** Whether a box of the tile touches a border of the tile that is not one of the whole image. */
  cuts(box: Box): boolean;
}

/** Each face up to this share of a tile's side lies whole in at least one tile. */
const overlap = 0.25;

/** Square tiles of `side` pixels that cover an image, overlapping; none where the image fits one. */
export function* imageTiles(image: DecodedImage, side: number): Iterable<Tile> {
  if (Math.max(image.width, image.height) <= side) return;
  for (const y of starts(image.height, side)) {
    for (const x of starts(image.width, side)) {
      const width = Math.min(side, image.width - x);
      const height = Math.min(side, image.height - y);
      yield {
        x,
        y,
        image: crop(image, x, y, width, height),
        cuts: (box) =>
          (x > 0 && box.x <= 1) ||
          (y > 0 && box.y <= 1) ||
          (x + width < image.width && box.x + box.width >= width - 1) ||
          (y + height < image.height && box.y + box.height >= height - 1),
      };
    }
  }
}

function starts(length: number, side: number): number[] {
  if (length <= side) return [0];
  const count = Math.ceil((length - side) / (side * (1 - overlap))) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - side)) / (count - 1)));
}

function crop(image: DecodedImage, x: number, y: number, width: number, height: number): DecodedImage {
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * channels;
    data.set(image.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { data, width, height, channels };
}
