const mark = Symbol.for("facekit.error");

/** What went wrong, for programs. `docs/errors.md` says what to do about each. */
export type FaceKitErrorCode =
  | "invalid-argument"
  | "invalid-vector"
  | "rate-not-supported"
  | "image-not-found"
  | "image-unreadable"
  | "image-too-large"
  | "no-face"
  | "several-faces"
  | "face-too-small"
  | "already-enrolled"
  | "unknown-member"
  | "conflict"
  | "space-mismatch"
  | "store-corrupt"
  | "store-full"
  | "store-unavailable"
  | "service-unavailable"
  | "access-denied"
  | "quota-exceeded"
  | "namespace-not-found"
  | "model-not-found"
  | "model-corrupt"
  | "model-licence"
  | "download-failed"
  | "inference-failed"
  | "not-supported"
  | "closed";

export interface FaceKitErrorOptions {
  /** The id of the adapter in which it happened. */
  readonly adapter?: string;
  /** Whether the same call may succeed later. Default false. */
  readonly retryable?: boolean;
  /** How long to wait before that, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
  /** What a program may want to know, for example the members involved. Never vectors or pixels. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** The one error class. The message says what happened, with which value, and what to do next. */
export class FaceKitError extends Error {
  override readonly name: string = "FaceKitError";
  readonly code: FaceKitErrorCode;
  readonly adapter: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: FaceKitErrorCode, message: string, options: FaceKitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.adapter = options.adapter;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? {};
    Object.defineProperty(this, mark, { value: true });
  }
}

/** Recognises the error across duplicate copies of this package, and its code where one is given. */
export function isFaceKitError(error: unknown, code?: FaceKitErrorCode): error is FaceKitError {
  return (
    typeof error === "object" &&
    error !== null &&
    mark in error &&
    (code === undefined || ("code" in error && error.code === code))
  );
}
