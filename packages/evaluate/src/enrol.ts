import {
  type Detector,
  type Embedder,
  type Face,
  type FaceKitErrorCode,
  faceSize,
  type ImageDecoder,
  isFaceKitError,
  mapConcurrently,
  type Progress,
} from "@facekit/core";

/** What turns a photo into a template. */
export interface Pipeline {
  readonly decode: ImageDecoder;
  readonly detector: Detector;
  readonly embedder: Embedder;
}

/** Which face of a photo counts: the largest, or the one nearest the middle, where LFW has the person it names. */
export type FaceChoice = "largest" | "central";

export interface FailureToEnrol {
  readonly photo: string;
  readonly code: FaceKitErrorCode;
}

export interface EnrolledPhotos {
  /** By photo; those that failed are not in it. */
  readonly templates: ReadonlyMap<string, Float32Array>;
  /** FTE of ISO/IEC 19795-1: photos without a face, or that cannot be decoded. */
  readonly failures: readonly FailureToEnrol[];
  /** Decoding, detecting and embedding: the time of all by their number. The detector says how many run side by side. */
  readonly msPerPhoto: number;
}

export interface EnrolPhotosOptions {
  readonly choose: FaceChoice;
  readonly onProgress?: (progress: Progress) => void;
}

/** A template of each photo, every photo once. A photo that is not there rejects; one without a face is a failure. */
export async function enrolPhotos(
  pipeline: Pipeline,
  photos: Iterable<string>,
  { choose, onProgress }: EnrolPhotosOptions,
): Promise<EnrolledPhotos> {
  const each = [...new Set(photos)];
  const templates = new Map<string, Float32Array>();
  const failures: FailureToEnrol[] = [];
  const started = performance.now();
  let done = 0;
  onProgress?.({ task: "enrolling", done, total: each.length });
  const results = await mapConcurrently(each, pipeline.detector.concurrency ?? 1, async (photo) => {
    const result = await templateOf(pipeline, photo, choose).catch((error: unknown) => {
      const damaged = isFaceKitError(error, "image-unreadable") || isFaceKitError(error, "image-too-large");
      if (damaged) return error.code;
      throw error;
    });
    onProgress?.({ task: "enrolling", done: ++done, total: each.length });
    return result ?? "no-face";
  });
  for (const [i, photo] of each.entries()) {
    const result = results[i] ?? "no-face";
    if (typeof result === "string") failures.push({ photo, code: result });
    else templates.set(photo, result);
  }
  return { templates, failures, msPerPhoto: (performance.now() - started) / Math.max(1, each.length) };
}

async function templateOf(
  { decode, detector, embedder }: Pipeline,
  photo: string,
  choose: FaceChoice,
): Promise<Float32Array | undefined> {
  // As a kit decodes it, so that what is measured is what is used.
  const enough = embedder.readsWhole ? detector.enough?.("portrait") : undefined;
  const image = await decode(photo, enough === undefined ? {} : { enough });
  const faces = await detector.detect(image, { scene: "portrait" });
  const rank = (face: Face): number =>
    choose === "largest" ? -faceSize(face.box) : distanceFromMiddle(face, image.width, image.height);
  const [face] = [...faces].sort((a, b) => rank(a) - rank(b));
  if (face === undefined) return undefined;
  const [template] = await embedder.embed([{ image, face }]);
  return template;
}

function distanceFromMiddle({ box }: Face, width: number, height: number): number {
  return Math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2);
}
