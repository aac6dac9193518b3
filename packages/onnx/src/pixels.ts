import { type DecodedImage, FaceKitError, type Point, resize } from "@facekit/core";

/** An image placed on a larger canvas, and the way back. */
export interface Canvas {
  /** RGB rows of `width` × `height`, black where the image is not. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Image position = (canvas position − left or top) × scale. */
  readonly left: number;
  readonly top: number;
  /** The two differ a little where a side was rounded to whole pixels. */
  readonly scale: Point;
}

/**
 * Shrinks an image (it is never enlarged, unless asked) to fit `size`, and lays it on a canvas of the given sides.
 */
export function placeOnCanvas(
  image: DecodedImage,
  size: number,
  canvas: { readonly width: number; readonly height: number; readonly centred: boolean; readonly enlarge?: boolean },
): Canvas {
  const longest = Math.max(image.width, image.height);
  const factor = canvas.enlarge ? size / longest : Math.min(1, size / longest);
  const width = Math.min(canvas.width, Math.max(1, Math.round(image.width * factor)));
  const height = Math.min(canvas.height, Math.max(1, Math.round(image.height * factor)));
  const small = resize(image, width, height);
  const left = canvas.centred ? Math.floor((canvas.width - width) / 2) : 0;
  const top = canvas.centred ? Math.floor((canvas.height - height) / 2) : 0;
  const data = new Uint8Array(canvas.width * canvas.height * 3);
  for (let y = 0; y < height; y++) {
    data.set(small.data.subarray(y * width * 3, (y + 1) * width * 3), ((y + top) * canvas.width + left) * 3);
  }
  return {
    data,
    width: canvas.width,
    height: canvas.height,
    left,
    top,
    scale: { x: image.width / width, y: image.height / height },
  };
}

/** Throws `image-unreadable` unless the pixels are what their description says. */
export function checkImage(image: DecodedImage, adapter: string): void {
  const { width, height, channels, data } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!whole || (channels !== 3 && channels !== 4) || data.length !== width * height * channels) {
    throw new FaceKitError(
      "image-unreadable",
      `A decoded image wants width × height × channels bytes (3 or 4 channels); ` +
        `got ${data.length} bytes for ${width} × ${height} × ${channels}.`,
      { adapter },
    );
  }
}
