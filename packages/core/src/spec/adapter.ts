/** The version of these interfaces. An adapter states the one it was written for. */
export const specVersion = "1" as const;

/** What a call that may take long accepts. An abort rejects with the signal's own reason. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Progress of one file or one pass: `done` only grows, and reaches `total` where `total` is known. */
export interface Progress {
  readonly task: string;
  readonly done: number;
  readonly total?: number;
}

export interface LoadOptions extends CallOptions {
  readonly onProgress?: (progress: Progress) => void;
}

/** What every pluggable part has in common. */
export interface Adapter extends AsyncDisposable {
  readonly specVersion: typeof specVersion;
  /** Names the adapter in errors and reports, for example `"store-sql"` or a model card's id. */
  readonly id: string;
}
