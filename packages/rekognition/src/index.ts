export { type RekognitionDetectorOptions, rekognitionDetector } from "./rekognition-detector.js";
export { type RekognitionIndexOptions, rekognitionIndex } from "./rekognition-index.js";
