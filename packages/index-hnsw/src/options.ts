import { checkFunction, checkNumber, FaceKitError, type Progress, type SearchChoice } from "@facekit/core";
import type { ExactIndexOptions } from "@facekit/index-exact";

/** What both indexes of this package take. */
export interface GraphOptions extends ExactIndexOptions {
  /**
   * The share of the ten nearest that searches are to find, 0.5 to 0.9999, as a mean over a sample of stored vectors and
   * of others near them. After each build the least `ef` is chosen that reaches it there. Default 0.99.
   */
  readonly recall?: number;
  /** Links of a row, twice as many on the lowest level: 2 to 100. More find more and take more memory. Default 16. */
  readonly m?: number;
  /** Candidates that a row is linked among when it is added: `m` to 4096. More find more and take longer. Default 200. */
  readonly efConstruction?: number;
  /** The folder of a compiled hnswlib-node, where it is not found by its name. */
  readonly hnswlib?: string;
  /** The building of graphs: one task for each, by rows. What it throws is passed over. */
  readonly onProgress?: (progress: Progress) => void;
  /** Told whenever a namespace is searched in another way than before, and why. What it throws is passed over. */
  readonly onChoice?: (choice: SearchChoice) => void;
}

export const graphOptionNames = [
  "threads",
  "recall",
  "m",
  "efConstruction",
  "hnswlib",
  "onProgress",
  "onChoice",
] as const;

/** Throws `invalid-argument` for what hnswlib would take and die of, or not find anything with. */
export function checkedGraphOptions({
  recall = 0.99,
  m = 16,
  efConstruction = 200,
  hnswlib,
  onProgress,
  onChoice,
}: GraphOptions): Required<Pick<GraphOptions, "recall" | "m" | "efConstruction">> {
  if (onProgress !== undefined) checkFunction("onProgress", onProgress);
  if (onChoice !== undefined) checkFunction("onChoice", onChoice);
  if (hnswlib !== undefined && typeof hnswlib !== "string") {
    throw new FaceKitError(
      "invalid-argument",
      `hnswlib wants the path of a folder; got a value of type ${typeof hnswlib}.`,
    );
  }
  checkNumber("recall", recall, { min: 0.5, max: 0.9999 });
  // With 1, levels would be of infinite height; with 0, rows have no links.
  checkNumber("m", m, { min: 2, max: 100, integer: true });
  checkNumber("efConstruction", efConstruction, { min: m, max: 4096, integer: true });
  return { recall, m, efConstruction };
}
