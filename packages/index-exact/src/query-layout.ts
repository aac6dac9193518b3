/** Bytes from a query's start to its parts, the same as in `kernel/layout.ts`. */
export const queryThreshold = 12;
export const queryFound = 16;
export const queryCodes = 32;

/** Bytes of a candidate: row (int32), similarity and the half-width of its error window (float32). */
export const candidateBytes = 12;
