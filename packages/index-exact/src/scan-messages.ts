/** What a thread is told. */
export type ToThread =
  | { readonly kind: "start"; readonly module: WebAssembly.Module; readonly dimensions: number }
  /** A memory with segments, and where in it the thread has its desk. They are numbered as they come. */
  | { readonly kind: "room"; readonly memory: WebAssembly.Memory; readonly desk: number }
  | {
      readonly kind: "scan";
      readonly call: number;
      /** One int32: the number of the next segment that no thread has taken yet. */
      readonly next: SharedArrayBuffer;
      readonly queries: readonly Float32Array[];
      readonly centre: Float32Array;
      readonly k: number;
      /** How many rows the gallery has. */
      readonly size: number;
      /** Its segments: the number of the room and the address of each. */
      readonly rooms: Uint8Array;
      readonly addresses: Uint32Array;
    };

/** For each query the rows that may be among the best, of the segments that the thread took, and their similarities. */
export interface Scanned {
  readonly rows: Uint32Array<ArrayBuffer>;
  readonly similarities: Float64Array<ArrayBuffer>;
}

/** What a thread answers: to "start", and to "scan" where it took segments. */
export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "scanned"; readonly call: number; readonly segments: number; readonly found: readonly Scanned[] };
