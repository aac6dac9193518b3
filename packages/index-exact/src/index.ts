export { exactIndex } from "./exact-index.js";
