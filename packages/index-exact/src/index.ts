export { Breather } from "./breather.js";
export { type ExactIndex, type ExactIndexOptions, exactIndex } from "./exact-index.js";
export type { RowIds, Rows } from "./rows.js";
