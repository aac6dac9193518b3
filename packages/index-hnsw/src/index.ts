export type { SearchChoice } from "@facekit/core";
export { type AutoIndexOptions, autoIndex } from "./auto-index.js";
export { type HnswIndex, type HnswIndexOptions, hnswIndex } from "./hnsw-index.js";
