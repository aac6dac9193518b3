/**
 * A block holds the codes of eight rows, interleaved in steps of two dimensions, so that one 16-byte step carries the
 * same two dimensions of all eight rows and every SIMD lane sums up one row:
 *
 *     r0d0 r0d1 r1d0 r1d1 … r7d0 r7d1 | r0d2 r0d3 … r7d2 r7d3 | …
 *
 * A scan reads blocks from first byte to last. Rows laid one after the other would be read at strides that are powers
 * of two, which share a few cache sets: measured 3 × slower.
 */
export const stepBytes: i32 = 16;

/** A query in memory: what turns sums into bounds, then its int16 codes. `query-layout.ts` is the same in TypeScript. */
export const queryScale: usize = 0;
export const queryReach: usize = 4;
export const querySlack: usize = 8;
export const queryThreshold: usize = 12;
export const queryFound: usize = 16;
export const queryConstant: usize = 20;
export const queryCodes: usize = 32;

/** A candidate in memory: its row (int32), similarity and the half-width of its error window (float32). */
export const candidateBytes: usize = 12;
