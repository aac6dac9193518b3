export * from "@facekit/core";
export { createFaceKit } from "./create-face-kit.js";
export { createVectorStore, type NodeVectorStoreOptions } from "./create-vector-store.js";
export { type DecodeLimits, decodeImage } from "./decode.js";
export { encodeImage } from "./encode.js";
export { loadDetector, loadEmbedder, loadPack, type ModelOptions } from "./load-models.js";
export type { DatabaseStore, NodeFaceKitOptions } from "./options.js";
export type { SearchIndex, SearchIndexOptions } from "./search-index.js";
export type { SessionOptions } from "./session.js";
