/** Two photos, by whatever the caller knows them by, and whether they show one person. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly same: boolean;
}

export interface ScoredPair extends Pair {
  /** Absent where a photo of the pair could not be enrolled. */
  readonly similarity?: number;
}
