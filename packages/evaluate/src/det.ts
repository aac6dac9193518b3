import type { Scores } from "./scores.js";

/** Both error rates at one threshold, 0..1: a point of the DET curve of ISO/IEC 19795-1. */
export interface DetPoint {
  readonly threshold: number;
  readonly falseMatchRate: number;
  readonly falseNonMatchRate: number;
}

/**
 * FMR and FNMR at every threshold at which either changes, by growing threshold: FMR falls from 1, FNMR grows from 0.
 * The last step, where nothing is accepted, lies at infinity.
 */
export function* detSteps({ genuine, impostor }: Scores): Generator<DetPoint> {
  let refusedGenuine = 0;
  let refusedImpostor = 0;
  for (;;) {
    const nextGenuine = genuine[refusedGenuine] ?? Number.POSITIVE_INFINITY;
    const nextImpostor = impostor[refusedImpostor] ?? Number.POSITIVE_INFINITY;
    const threshold = Math.min(nextGenuine, nextImpostor);
    yield {
      threshold,
      falseMatchRate: 1 - refusedImpostor / impostor.length,
      falseNonMatchRate: refusedGenuine / genuine.length,
    };
    if (threshold === Number.POSITIVE_INFINITY) return;
    while (genuine[refusedGenuine] === threshold) refusedGenuine++;
    while (impostor[refusedImpostor] === threshold) refusedImpostor++;
  }
}

/** The corners of the DET curve that lie visibly apart on logarithmic axes: enough to draw it, and no more. */
export function detCurve(scores: Scores, perDecade = 60): DetPoint[] {
  const points: DetPoint[] = [];
  let cell = "";
  for (const point of detSteps(scores)) {
    const here = [point.falseMatchRate, point.falseNonMatchRate].map((rate) =>
      Math.round(Math.log10(rate) * perDecade),
    );
    if (here.join() === cell) continue;
    cell = here.join();
    points.push(point);
  }
  return points;
}
