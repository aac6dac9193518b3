export { type DetectorConformanceOptions, type DetectorPicture, detectorConformance } from "./detector.js";
export { type EmbedderConformanceOptions, embedderConformance } from "./embedder.js";
export { type FaceIndexConformanceOptions, faceIndexConformance, type PicturedPerson } from "./face-index.js";
export { type FaceRecordsConformanceOptions, faceRecordsConformance } from "./face-records.js";
export { memberSourceConformance } from "./member-source.js";
export type { ConformanceOptions, PersistentConformanceOptions, TestRunner } from "./suite.js";
export { vectorIndexConformance } from "./vector-index.js";
export { vectorStoreConformance } from "./vector-store.js";
export { visitLogConformance } from "./visit-log.js";
