import { FaceKitError } from "../errors.js";
import type { Point } from "../spec/face.js";

/** Maps (x, y) to (a·x − b·y + tx, b·x + a·y + ty): rotation, uniform scale and translation, no reflection. */
export interface SimilarityTransform {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * The least-squares similarity that takes `from` to `to`: the closed form in two dimensions of
 * S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
 * Needs two or more points that do not all coincide; throws `invalid-argument` otherwise.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): SimilarityTransform {
  if (from.length !== to.length || from.length < 2) {
    throw new FaceKitError(
      "invalid-argument",
      `A similarity is fitted to equally many points, 2 or more; got ${from.length} and ${to.length}.`,
    );
  }
  const meanFrom = mean(from);
  const meanTo = mean(to);
  let spread = 0;
  let along = 0;
  let across = 0;
  from.forEach((p, i) => {
    const q = to[i] ?? p;
    const px = p.x - meanFrom.x;
    const py = p.y - meanFrom.y;
    const qx = q.x - meanTo.x;
    const qy = q.y - meanTo.y;
    spread += px * px + py * py;
    along += px * qx + py * qy;
    across += px * qy - py * qx;
  });
  const a = along / spread;
  const b = across / spread;
  const fitted = {
    a,
    b,
    tx: meanTo.x - a * meanFrom.x + b * meanFrom.y,
    ty: meanTo.y - b * meanFrom.x - a * meanFrom.y,
  };
  if (!isInvertible(fitted)) {
    throw new FaceKitError(
      "invalid-argument",
      "A similarity cannot be fitted: the points coincide, mirror each other, or are not numbers.",
    );
  }
  return fitted;
}

/** Whether the transform has a way back: finite numbers and a scale above 0. */
export function isInvertible(t: SimilarityTransform): boolean {
  return scaleOf(t) > 0 && [t.a, t.b, t.tx, t.ty, 1 / (t.a * t.a + t.b * t.b)].every(Number.isFinite);
}

/** The way back. Wants a scale above 0. */
export function invertSimilarity({ a, b, tx, ty }: SimilarityTransform): SimilarityTransform {
  const squared = a * a + b * b;
  const ia = a / squared;
  const ib = -b / squared;
  return { a: ia, b: ib, tx: -(ia * tx - ib * ty), ty: -(ib * tx + ia * ty) };
}

export function transformPoint(t: SimilarityTransform, p: Point): Point {
  return { x: t.a * p.x - t.b * p.y + t.tx, y: t.b * p.x + t.a * p.y + t.ty };
}

/** How much longer a line is after the transform. */
export function scaleOf(t: SimilarityTransform): number {
  return Math.hypot(t.a, t.b);
}

function mean(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const p of points) {
    x += p.x;
    y += p.y;
  }
  return { x: x / points.length, y: y / points.length };
}
