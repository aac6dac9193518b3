import { measured } from "./thresholds-data.js";

/** The cosine from which two drawn faces count as one person's, and how it was measured. */
export interface DrawnDomainThreshold {
  readonly threshold: number;
  /** Share of the pairs of different people that reach the threshold. */
  readonly falseMatchRate: number;
  /** Share of the pairs of one person's pictures that stay below it. */
  readonly falseNonMatchRate: number;
  /** Pairs of different people, and of one person's pictures, that it was measured on; no one of the cast is among them. */
  readonly pairs: number;
  readonly ownPairs: number;
  /** The command that wrote it. */
  readonly madeBy: string;
}

/**
 * Thresholds by embedding space. Networks trained on photos see drawn people as relatives, so the thresholds for photos
 * do not hold for drawings, nor these for photos.
 */
export const drawnDomainThresholds: Readonly<Record<string, DrawnDomainThreshold>> = measured;
