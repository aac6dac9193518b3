import type { Face, Point } from "@facekit/core";
import { holds } from "./detection.js";

/** What a detector answered about an annotated photo. */
export interface DetectedPhoto {
  readonly noses: readonly Point[];
  readonly faces: readonly Pick<Face, "box" | "score">[];
}

export interface DetectionPoint {
  /** Boxes of a lower score are left out. */
  readonly minScore: number;
  /** The share of boxes that hold a face of their own. */
  readonly precision: number;
  /** The share of annotated faces found; 1 where there is none. */
  readonly recall: number;
}

/** Precision and recall at each score that a box has, ascending. Below the detector's own least score nothing is known. */
export function detectionCurve(photos: readonly DetectedPhoto[]): DetectionPoint[] {
  const annotated = photos.reduce((sum, { noses }) => sum + noses.length, 0);
  const boxes = photos
    .flatMap((photo) => photo.faces.map(({ box, score }) => ({ photo, box, score })))
    .sort((a, b) => b.score - a.score);
  const boxOfNose = new Map<Point, (typeof boxes)[number]>();
  /** Gives the box a nose of its own, where others can make room: one more face is then found, and never more than one. */
  const place = (box: (typeof boxes)[number], tried: Set<Point>): boolean =>
    box.photo.noses.some((nose) => {
      if (tried.has(nose) || !holds(box.box, nose)) return false;
      tried.add(nose);
      const other = boxOfNose.get(nose);
      if (other !== undefined && !place(other, tried)) return false;
      boxOfNose.set(nose, box);
      return true;
    });
  const points: DetectionPoint[] = [];
  let found = 0;
  for (const [i, box] of boxes.entries()) {
    const { score } = box;
    if (place(box, new Set())) found++;
    if (boxes[i + 1]?.score === score) continue;
    points.push({ minScore: score, precision: found / (i + 1), recall: annotated === 0 ? 1 : found / annotated });
  }
  return points.reverse();
}
