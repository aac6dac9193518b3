export { type AutoIndexOptions, autoIndex } from "./auto-index.js";
export { type HnswIndex, type HnswIndexOptions, hnswIndex } from "./hnsw-index.js";
export type { SearchChoice } from "./search-choice.js";
