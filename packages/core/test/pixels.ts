import type { DecodedImage } from "../src/spec/image.js";

type Colour = readonly [number, number, number];

/** An image whose pixels a function gives; with four channels, alpha is noise. */
export function paint(
  width: number,
  height: number,
  colour: (x: number, y: number) => Colour,
  channels: 3 | 4 = 3,
): DecodedImage {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const p = (y * width + x) * channels;
      data.set(colour(x, y), p);
      if (channels === 4) data[p + 3] = (x * 31 + y * 17) % 256;
    }
  }
  return { data, width, height, channels };
}

export const grey = (value: number): Colour => [value, value, value];

export const gradient = (x: number, y: number): Colour => [(x * 7) % 256, (y * 11) % 256, (x * 3 + y * 5) % 256];
