import type { Face, Point } from "@facekit/core";
import { matchNoses } from "./detection.js";

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
  const accepted = new Map(photos.map((photo) => [photo, { boxes: [] as (typeof boxes)[number]["box"][], found: 0 }]));
  const points: DetectionPoint[] = [];
  let found = 0;
  for (const [i, { photo, box, score }] of boxes.entries()) {
    const state = accepted.get(photo);
    if (state === undefined) continue;
    state.boxes.push(box);
    // Only the photo of this box can change.
    const now = matchNoses("", photo.noses, state.boxes).found;
    found += now - state.found;
    state.found = now;
    if (boxes[i + 1]?.score === score) continue;
    points.push({ minScore: score, precision: found / (i + 1), recall: annotated === 0 ? 1 : found / annotated });
  }
  return points.reverse();
}
