import { assign, type Box, FaceKitError, type Point } from "@facekit/core";
import { type Interval, rateInterval } from "./interval.js";

export interface AnnotatedPhoto {
  readonly photo: string;
  /** The nose tip of every face, in pixels of the upright image. */
  readonly noses: readonly Point[];
}

export interface PhotoDetection {
  readonly photo: string;
  readonly annotated: number;
  readonly found: number;
  readonly missed: number;
  /** Boxes without a face of their own. */
  readonly tooMany: number;
  /** Those that were missed, and the boxes too many, where they are. */
  readonly missedNoses: readonly Point[];
  readonly boxesTooMany: readonly Box[];
}

export interface DetectionEvaluation {
  readonly photos: number;
  readonly annotated: number;
  readonly found: number;
  readonly missed: number;
  readonly tooMany: number;
  /** The share of annotated faces found. */
  readonly recall: { readonly rate: number; readonly interval: Interval };
  readonly byPhoto: readonly PhotoDetection[];
}

/** Reads `{ "images": { "photo.jpg": [[x, y], …] } }`: the nose tips of each photo. */
export function parseAnnotations(text: string): AnnotatedPhoto[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    refuse(`the file is no JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!isRecord(content) || !isRecord(content.images)) refuse('there is no "images" object');
  const photos = Object.entries(content.images).map(([photo, noses]) => {
    if (!Array.isArray(noses)) refuse(`"${photo}" has no list`);
    return { photo, noses: noses.map((nose: unknown) => pointOf(photo, nose)) };
  });
  if (photos.length === 0) refuse('"images" is empty');
  return photos;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pointOf(photo: string, nose: unknown): Point {
  const [x, y]: readonly unknown[] = Array.isArray(nose) ? nose : [];
  if (typeof x !== "number" || typeof y !== "number") return refuse(`a nose of "${photo}" is not [x, y]`);
  return { x, y };
}

function refuse(what: string): never {
  throw new FaceKitError(
    "invalid-argument",
    `The annotations cannot be read: ${what}. Wanted: { "images": { "photo.jpg": [[x, y], …] } }.`,
  );
}

/** A face is found when a box holds its nose tip; one box finds one face, and they are paired so that most are found. */
export function matchNoses(photo: string, noses: readonly Point[], boxes: readonly Box[]): PhotoDetection {
  const gains = noses.map((nose) => boxes.map((box) => (holds(box, nose) ? 1 : 0)));
  const boxOfNose = assign(gains);
  const missedNoses = noses.filter((_, nose) => (boxOfNose[nose] ?? -1) < 0);
  const boxesTooMany = boxes.filter((_, box) => !boxOfNose.includes(box));
  const [missed, tooMany] = [missedNoses.length, boxesTooMany.length];
  return { photo, annotated: noses.length, found: noses.length - missed, missed, tooMany, missedNoses, boxesTooMany };
}

/** Whether the point lies in the box, its border with it. */
export function holds({ x, y, width, height }: Box, point: Point): boolean {
  return point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height;
}

export function evaluateDetection(byPhoto: readonly PhotoDetection[]): DetectionEvaluation {
  const sum = (count: (photo: PhotoDetection) => number): number => byPhoto.reduce((all, one) => all + count(one), 0);
  const annotated = sum((photo) => photo.annotated);
  const found = sum((photo) => photo.found);
  return {
    photos: byPhoto.length,
    annotated,
    found,
    missed: annotated - found,
    tooMany: sum((photo) => photo.tooMany),
    recall: { rate: annotated === 0 ? 1 : found / annotated, interval: rateInterval(found, annotated) },
    byPhoto,
  };
}
