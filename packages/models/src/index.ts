export * from "./alignments.js";
export * from "./card.js";
export * from "./define-card.js";
export * from "./leaky-relu.js";
export * from "./packs.js";
export * from "./registry.js";
