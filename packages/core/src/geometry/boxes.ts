import type { Box, Face, FiveLandmarks, Point } from "../spec/face.js";

/** Intersection over union of two boxes, 0..1. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const shared = intersection(a, b);
  const all = a.width * a.height + b.width * b.height - shared;
  return all > 0 ? shared / all : 0;
}

/** The share of the smaller box that lies in the other, 0..1: near 1 for a part of a face taken for a face. */
export function overlapOfSmaller(a: Box, b: Box): number {
  const smaller = Math.min(a.width * a.height, b.width * b.height);
  return smaller > 0 ? intersection(a, b) / smaller : 0;
}

function intersection(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Greedy non-maximum suppression: best score first, dropping what overlaps a kept box by more than `maxOverlap`. */
export function suppressOverlaps<F extends Pick<Face, "box" | "score">>(
  faces: readonly F[],
  maxOverlap: number,
  overlap: (a: Box, b: Box) => number = intersectionOverUnion,
): F[] {
  const kept: F[] = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlap(face.box, other.box) <= maxOverlap)) kept.push(face);
  }
  return kept;
}

/** The face in an image that is `scale` times as wide and as high, moved by `origin`. */
export function placeFace(face: Face, origin: Point, scale: Point): Face {
  const place = ({ x, y }: Point): Point => ({ x: origin.x + x * scale.x, y: origin.y + y * scale.y });
  const { box, landmarks: five, landmarks68 } = face;
  const landmarks: FiveLandmarks | undefined = five && [
    place(five[0]),
    place(five[1]),
    place(five[2]),
    place(five[3]),
    place(five[4]),
  ];
  return {
    ...face,
    box: { ...place(box), width: box.width * scale.x, height: box.height * scale.y },
    ...(landmarks === undefined ? {} : { landmarks }),
    ...(landmarks68 === undefined ? {} : { landmarks68: landmarks68.map(place) }),
  };
}

/** The box's shorter side in pixels: how large a face is for the rule that refuses small ones. */
export function faceSize(box: Box): number {
  return Math.min(box.width, box.height);
}
