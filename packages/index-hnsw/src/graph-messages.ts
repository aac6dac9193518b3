/** What a thread is started with. */
export interface GraphSetup {
  /** The main file of hnswlib-node. */
  readonly library: string;
  readonly dimensions: number;
  readonly m: number;
  readonly efConstruction: number;
  /** How many rows there is room for at first. */
  readonly capacity: number;
  /** What is told without messages: `isWorking` and `isEnded`. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

/**
 * Places in `state`, 0 or 1. A thread that is stopped while hnswlib-node makes its answer takes the process with it: its
 * binding cannot throw then, and aborts. So who ends a thread says so first and waits until it does not work.
 */
export const isWorking = 0;
export const isEnded = 1;

/**
 * What a thread is asked; it answers each in turn. Labels are numbers of rows: the first that is added is 0, and none is
 * ever used again. Vectors lie one after the other.
 */
export type GraphRequest =
  /** The next rows. */
  | { readonly kind: "add"; readonly vectors: Float32Array<ArrayBuffer> }
  /** Rows that no search shall find any more. */
  | { readonly kind: "remove"; readonly labels: readonly number[] }
  /** The `k` nearest of each query, `k` labels each; `noLabel` where there are fewer. */
  | { readonly kind: "search"; readonly queries: Float32Array<ArrayBuffer>; readonly k: number; readonly ef: number }
  /** The links among the rows that are not removed. `folder`: where a file without a name may be. */
  | { readonly kind: "links"; readonly folder: string }
  /** Begins an empty graph anew, with links that were kept; `fill` with the vectors of all rows follow, then `loaded`. */
  | { readonly kind: "load"; readonly links: Uint32Array<ArrayBuffer>; readonly folder: string }
  | { readonly kind: "fill"; readonly vectors: Float32Array<ArrayBuffer> }
  | { readonly kind: "loaded" }
  /** Nothing more. */
  | { readonly kind: "end" };

export interface GraphAnswer {
  readonly add: undefined;
  readonly remove: undefined;
  readonly search: Uint32Array<ArrayBuffer>;
  /** `labels`: which rows those of the links are, in their order. Undefined where the links could not be had. */
  readonly links: { readonly links: Uint32Array<ArrayBuffer>; readonly labels: Uint32Array<ArrayBuffer> } | undefined;
  readonly load: undefined;
  readonly fill: undefined;
  readonly loaded: undefined;
  readonly end: undefined;
}

/** No row has it. */
export const noLabel: number = 2 ** 32 - 1;
