import type { ModelInput, ModelLicence, YunetCard } from "../card.js";
import { opencvZooFile, opencvZooPage } from "./opencv-zoo.js";

const folder = "face_detection_yunet";

const licence: ModelLicence = {
  weights: "MIT",
  data: "WIDER FACE, whose images were gathered from the web for research",
  commercialUse: "unclear",
};

const input: ModelInput = {
  layout: "NCHW-float32",
  width: 640,
  height: 640,
  channels: "bgr",
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** Any size whose sides are multiples of 32 pixels, so a small photo costs little. */
export const yunet: YunetCard = {
  task: "detect",
  family: "yunet",
  id: "yunet",
  title: "YuNet 2023mar, any input size",
  file: "yunet_2023mar_dynamic.onnx",
  bytes: 237_823,
  sha256: "daede24002cc8590f457998cc5e6c9e8b82f45f6bd969506a8913cd4ed10a2d3",
  source: "https://github.com/ShiqiYu/libfacedetection.train",
  licence,
  input: { ...input, width: "dynamic", height: "dynamic" },
  minScore: 0.6,
  gives: ["landmarks"],
  notes: "Finds faces of about 10 to 300 pixels in its input. Gives the numbers of yunet-640, which can be downloaded.",
};

export const yunet640: YunetCard = {
  task: "detect",
  family: "yunet",
  id: "yunet-640",
  title: "YuNet 2023mar, input of 640 × 640 pixels",
  file: "face_detection_yunet_2023mar.onnx",
  fileNames: ["yunet_2023mar_640.onnx"],
  bytes: 232_589,
  sha256: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
  source: opencvZooPage(folder),
  url: opencvZooFile(folder, "face_detection_yunet_2023mar.onnx"),
  licence,
  input: { ...input, fixedBatch: 1 },
  minScore: 0.6,
  gives: ["landmarks"],
  notes:
    "Finds faces of about 10 to 300 pixels in its input. `facekit models pull yunet-640 sface` fetches it and an embedder for it.",
};

export const yunetInt8: YunetCard = {
  task: "detect",
  family: "yunet",
  id: "yunet-int8",
  title: "YuNet 2023mar, 8-bit weights, input of 640 × 640 pixels",
  file: "face_detection_yunet_2023mar_int8.onnx",
  bytes: 100_416,
  sha256: "321aa5a6afabf7ecc46a3d06bfab2b579dc96eb5c3be7edd365fa04502ad9294",
  source: opencvZooPage(folder),
  url: opencvZooFile(folder, "face_detection_yunet_2023mar_int8.onnx"),
  licence,
  input: { ...input, fixedBatch: 1 },
  minScore: 0.6,
  gives: ["landmarks"],
};
