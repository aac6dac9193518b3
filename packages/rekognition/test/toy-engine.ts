import { type DecodedImage, type Detector, type Embedder, type Face, normalize, specVersion } from "@facekit/core";

/** Side of a person's square, in pixels, and from one to the next. */
const side = 200;
const step = 300;

type Colour = readonly [red: number, green: number, blue: number];

/** A grey photo that shows each person as a square of a colour. `shade` tells two photos of a person apart. */
export function toyPhoto(people: readonly number[], shade = 0): DecodedImage {
  const width = Math.max(step, step * people.length);
  const data = new Uint8Array(width * step * 3).fill(128);
  people.forEach((person, i) => {
    const colour = colourOf(person).map((value) => value - shade);
    for (let y = 50; y < 50 + side; y++) {
      for (let x = 50; x < 50 + side; x++) data.set(colour, (y * width + i * step + x) * 3);
    }
  });
  return { data, width, height: step, channels: 3 };
}

/** Six people of six hues. */
function colourOf(person: number): Colour {
  const colours: readonly Colour[] = [
    [250, 40, 40],
    [40, 250, 40],
    [40, 40, 250],
    [250, 250, 40],
    [250, 40, 250],
    [40, 250, 250],
  ];
  return colours[person % colours.length] ?? [250, 40, 40];
}

/** Takes what is coloured for a face: recognition without nets, for tests of what lies around it. */
export function toyParts(): { readonly detector: Detector; readonly embedder: Embedder } {
  const detector: Detector = {
    specVersion,
    id: "toy-detector",
    capabilities: { landmarks: true, landmarks68: false },
    async detect(image) {
      const columns = Array.from({ length: image.width }, (_, x) => colouredRows(image, x));
      const faces: Face[] = [];
      for (let x = 0; x < image.width; x++) {
        const first = x;
        while (x < image.width && columns[x] !== undefined) x++;
        const middle = columns[Math.floor((first + x) / 2)];
        if (x - first < 20 || middle === undefined) continue;
        faces.push(faceAt(first, middle.top, x - first, middle.bottom - middle.top));
      }
      return faces;
    },
    async [Symbol.asyncDispose]() {},
  };
  const embedder: Embedder = {
    specVersion,
    id: "toy-embedder",
    space: { id: "toy-hues", dimensions: 3, metric: "cosine" },
    requires: "landmarks",
    embed: async (faces) =>
      faces.map(({ image, face: { box } }) => {
        const x = Math.floor(box.x + box.width / 2);
        const y = Math.floor(box.y + box.height / 2);
        return normalize(colourAt(image, x, y).map((value) => value - 128));
      }),
    async [Symbol.asyncDispose]() {},
  };
  return { detector, embedder };
}

function colouredRows(image: DecodedImage, x: number): { readonly top: number; readonly bottom: number } | undefined {
  let top: number | undefined;
  let bottom = 0;
  for (let y = 0; y < image.height; y++) {
    const colour = colourAt(image, x, y);
    if (Math.max(...colour) - Math.min(...colour) < 60) continue;
    top ??= y;
    bottom = y + 1;
  }
  return top === undefined || bottom - top < 20 ? undefined : { top, bottom };
}

function colourAt({ data, width, channels }: DecodedImage, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + 3)];
}

function faceAt(x: number, y: number, width: number, height: number): Face {
  const point = (right: number, down: number) => ({ x: x + right * width, y: y + down * height });
  return {
    box: { x, y, width, height },
    score: 0.99,
    landmarks: [point(0.3, 0.3), point(0.7, 0.3), point(0.5, 0.5), point(0.35, 0.75), point(0.65, 0.75)],
  };
}
