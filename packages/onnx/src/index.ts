export { alignedEmbedder } from "./aligned-embedder.js";
export { type BundledDetectorSessions, bundledDetector } from "./bundled-detector.js";
export { inputTensor } from "./input-tensor.js";
export { detectorWithLandmarks68 } from "./landmarks68.js";
export type { CreateOnnxSession, OnnxInput, OnnxPixels, OnnxSession, OnnxTensor, RunOptions } from "./session.js";
export { yunetDetector } from "./yunet.js";
