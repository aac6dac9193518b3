import { type Box, type DecodedImage, type Detector, type Face, type Point, resize } from "@facekit/core";
import { ensure, equal, near, rejectsWith } from "./expect.js";
import { uniformImage, withAlpha } from "./samples.js";
import { abortedSignal, type ConformanceOptions, lend } from "./suite.js";

export interface DetectorPicture {
  readonly image: DecodedImage;
  /** How many faces it shows; the detector must find just so many. */
  readonly faces: number;
}

export interface DetectorConformanceOptions extends ConformanceOptions<Detector> {
  /** Give one of several faces too: order and `maxFaces` are tested on it. */
  readonly pictures: readonly DetectorPicture[];
}

/** What every `Detector` must do. */
export function detectorConformance({ test, create, pictures }: DetectorConformanceOptions): void {
  const it = (name: string, run: (detector: Detector) => Promise<void>): void =>
    test(`Detector: ${name}`, () => lend(create, run));

  it("finds the faces of each picture", async (detector) => {
    for (const [i, { image, faces }] of pictures.entries()) {
      equal((await detector.detect(image)).length, faces, `number of faces in picture ${i}`);
    }
  });

  it("finds a portrait's face", async (detector) => {
    for (const [i, { image, faces }] of pictures.entries()) {
      if (faces !== 1) continue;
      equal((await detector.detect(image, { scene: "portrait" })).length, 1, `number of faces in picture ${i}`);
    }
  });

  it("finds no face where there is none", async (detector) => {
    for (const grey of [0, 128, 255]) {
      equal(await detector.detect(uniformImage(320, 240, grey)), [], `faces in an image of grey ${grey}`);
    }
    equal(await detector.detect(uniformImage(1, 1)), [], "faces in one pixel");
    equal(await detector.detect(uniformImage(1, 300)), [], "faces in one column");
  });

  it("gives positions in the image also where that was shrunk on decoding, if it takes such", async (detector) => {
    for (const { image, faces } of pictures) {
      if (faces !== 1 || detector.enough === undefined) continue;
      const [whole] = await detector.detect(image, { scene: "portrait" });
      const small = resize(image, Math.round(image.width / 2), Math.round(image.height / 2));
      const { width, height } = image;
      const shrunk: DecodedImage = { ...small, whole: { width, height, decode: async () => image } };
      const [half] = await detector.detect(shrunk, { scene: "portrait" });
      if (whole === undefined || half === undefined) throw new Error("The face was not found in both sizes.");
      for (const side of ["x", "y", "width", "height"] as const) {
        near(half.box[side] * 2, whole.box[side], 0.15 * whole.box.width, `${side} of the box`);
      }
    }
  });

  it("says, if it says, that one photo at a time or more keeps it busy", async ({ concurrency = 1 }) => {
    ensure(Number.isInteger(concurrency) && concurrency >= 1, `concurrency must be 1 or more; got ${concurrency}.`);
  });

  it("gives boxes in the image and confidences of 0 to 1, best first", async (detector) => {
    for (const { image } of pictures) {
      const faces = await detector.detect(image);
      for (const { box, score } of faces) {
        ensure(score >= 0 && score <= 1, `A score must lie in 0..1; got ${score}.`);
        ensure(box.width > 0 && box.height > 0, `A box must have an area; got ${JSON.stringify(box)}.`);
        ensure(overlaps(box, image), `A box must lie at least half in the image; got ${JSON.stringify(box)}.`);
      }
      const scores = faces.map(({ score }) => score);
      equal(
        scores,
        [...scores].sort((a, b) => b - a),
        "order of scores",
      );
    }
  });

  it("measures the points that it declares, where they can be", async (detector) => {
    const { landmarks, landmarks68 } = detector.capabilities;
    for (const { image } of pictures) {
      for (const face of await detector.detect(image)) {
        ensure(!landmarks || face.landmarks !== undefined, "Every face must carry the five landmarks declared.");
        ensure(!landmarks68 || face.landmarks68?.length === 68, "Every face must carry the 68 landmarks declared.");
        for (const point of [...(face.landmarks ?? []), ...(face.landmarks68 ?? [])]) {
          ensure(
            isNear(point, face.box),
            `Landmarks must lie in or near the box; got ${JSON.stringify({ point, face })}.`,
          );
        }
        checkOrder(face);
      }
    }
  });

  it("keeps at most maxFaces, the best", async (detector) => {
    for (const { image } of pictures) {
      const all = await detector.detect(image);
      for (let maxFaces = 1; maxFaces <= Math.min(3, all.length); maxFaces++) {
        sameFaces(await detector.detect(image, { maxFaces }), all.slice(0, maxFaces), `the best ${maxFaces}`);
      }
    }
  });

  it("drops faces below minScore", async (detector) => {
    for (const { image } of pictures) {
      const all = await detector.detect(image);
      for (const { score } of all) {
        const kept = await detector.detect(image, { minScore: score });
        // At its very score a face may fall to either side, by rounding.
        ensure(
          kept.every((face) => face.score >= score - 1e-6),
          `No face below ${score} may be kept.`,
        );
        const better = all.filter((face) => face.score > score + 1e-6).length;
        ensure(kept.length >= better, `All ${better} faces above ${score} must be kept; got ${kept.length}.`);
      }
    }
  });

  it("finds the same again, whatever the alpha channel says, and leaves the pixels alone", async (detector) => {
    for (const { image } of pictures) {
      const before = image.data.slice();
      const faces = await detector.detect(image);
      sameFaces(await detector.detect(image), faces, "the second time");
      sameFaces(await detector.detect(withAlpha(image)), faces, "with an alpha channel");
      ensure(
        image.data.every((value, i) => value === before[i]),
        "The detector must not write into the caller's image.",
      );
    }
  });

  it("answers calls at a time like one after the other", async (detector) => {
    const found = await Promise.all(pictures.map(({ image }) => detector.detect(image)));
    equal(
      found.map((faces) => faces.length),
      pictures.map(({ faces }) => faces),
      "numbers of faces",
    );
  });

  it("rejects with the signal's own reason", async (detector) => {
    const image = pictures[0]?.image ?? uniformImage(64, 64);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => detector.detect(image, { signal }), reason, "detect");
  });

  it("may be disposed twice", async (detector) => {
    await detector[Symbol.asyncDispose]();
    await detector[Symbol.asyncDispose]();
  });
}

function overlaps(box: Box, image: DecodedImage): boolean {
  const width = Math.min(box.x + box.width, image.width) - Math.max(box.x, 0);
  const height = Math.min(box.y + box.height, image.height) - Math.max(box.y, 0);
  return width > 0 && height > 0 && width * height >= (box.width * box.height) / 2;
}

/** Detectors cut their boxes differently: a third of the box around it is near. */
function isNear({ x, y }: Point, box: Box): boolean {
  const dx = box.width / 3;
  const dy = box.height / 3;
  return x >= box.x - dx && x <= box.x + box.width + dx && y >= box.y - dy && y <= box.y + box.height + dy;
}

/** Left and right as seen in the image; the pictures show upright faces. */
function checkOrder({ landmarks, landmarks68 }: Face): void {
  if (landmarks !== undefined) {
    const [leftEye, rightEye, , leftMouth, rightMouth] = landmarks;
    ensure(leftEye.x < rightEye.x, "The left eye must lie left of the right eye, as seen in the image.");
    ensure(leftMouth.x < rightMouth.x, "The left mouth corner must lie left of the right one.");
    ensure((leftEye.y + rightEye.y) / 2 < (leftMouth.y + rightMouth.y) / 2, "The eyes must lie above the mouth.");
  }
  const leftCorner = landmarks68?.[36];
  const rightCorner = landmarks68?.[45];
  if (leftCorner !== undefined && rightCorner !== undefined) {
    ensure(leftCorner.x < rightCorner.x, "Point 36 must lie left of point 45, as seen in the image.");
  }
}

function sameFaces(actual: readonly Face[], expected: readonly Face[], what: string): void {
  equal(actual.length, expected.length, `number of faces, ${what}`);
  actual.forEach((face, i) => {
    const other = expected[i] ?? face;
    near(face.score, other.score, 1e-4, `score of face ${i}, ${what}`);
    for (const side of ["x", "y", "width", "height"] as const) {
      near(face.box[side], other.box[side], 0.1, `${side} of face ${i}, ${what}`);
    }
  });
}
