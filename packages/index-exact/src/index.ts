export { type ExactIndexOptions, exactIndex } from "./exact-index.js";
