/** How a namespace is searched now, and why. */
export interface SearchChoice {
  readonly namespace: string;
  readonly engine: "exact" | "hnsw";
  /** A sentence. */
  readonly reason: string;
  /** Templates and means. */
  readonly rows: number;
  /** With `hnsw`: how many candidates a search keeps, which was the least to reach the recall. */
  readonly ef?: number;
  /** With `hnsw`: the share of the true ten nearest that searches of a sample found, 0..1. */
  readonly recall?: number;
}
