/** How an index that has several ways searches a namespace now, and why. */
export interface SearchChoice {
  /** Absent where it is so for all. */
  readonly namespace?: string;
  readonly engine: "exact" | "hnsw";
  /** A sentence. */
  readonly reason: string;
  /** Templates and means that it held when this was chosen. */
  readonly rows: number;
  /** With `hnsw`: how many candidates a search keeps, which was the least to reach the recall. */
  readonly ef?: number;
  /** With `hnsw`: the share of the true ten nearest that searches of a sample found, 0..1. */
  readonly recall?: number;
}
