import type { Calibration } from "@facekit/core";
import { arcFaceTemplate } from "../alignments.js";
import type { EmbedderCard, ModelInput, ModelLicence } from "../card.js";
import { opencvZooFile, opencvZooPage } from "./opencv-zoo.js";

const folder = "face_recognition_sface";

const licence: ModelLicence = {
  weights: "Apache-2.0",
  data: "Not stated for these weights; the SFace paper trains on CASIA-WebFace, VGGFace2 and MS-Celeb-1M, all gathered for research",
  commercialUse: "unclear",
};

/** RGB: OpenCV's `FaceRecognizerSF::feature` swaps its BGR chip (`blobFromImage(…, swapRB = true)`). */
const input: ModelInput = {
  layout: "NCHW-float32",
  width: 112,
  height: 112,
  channels: "rgb",
  mean: [0, 0, 0],
  std: [1, 1, 1],
  fixedBatch: 1,
};

/** Samples of OpenCV (`samples/dnn/face_detect.cpp`, `cosine_similar_thresh`). */
const calibration: Calibration = {
  data: "as published by OpenCV, for LFW, without a false match rate",
  defaultFalseMatchRate: 1e-3,
  points: [],
  publishedThreshold: 0.363,
};

export const sface: EmbedderCard = {
  task: "embed",
  id: "sface",
  title: "SFace 2021dec",
  file: "face_recognition_sface_2021dec.onnx",
  bytes: 38_696_353,
  sha256: "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
  source: opencvZooPage(folder),
  url: opencvZooFile(folder, "face_recognition_sface_2021dec.onnx"),
  licence,
  input,
  alignment: arcFaceTemplate,
  space: { id: "sface/five-point/1", dimensions: 128, metric: "cosine" },
  calibration,
  notes:
    "The strongest pack that one command fetches: `facekit models pull yunet-640 sface`. " +
    "Its publishers report 99.40 % on LFW at a cosine threshold of 0.363, and no false match rate for it.",
};

export const sfaceInt8: EmbedderCard = {
  task: "embed",
  id: "sface-int8",
  title: "SFace 2021dec, 8-bit weights",
  file: "face_recognition_sface_2021dec_int8.onnx",
  bytes: 9_896_933,
  sha256: "2b0e941e6f16cc048c20aee0c8e31f569118f65d702914540f7bfdc14048d78a",
  source: opencvZooPage(folder),
  url: opencvZooFile(folder, "face_recognition_sface_2021dec_int8.onnx"),
  licence,
  input,
  alignment: arcFaceTemplate,
  space: { id: "sface-int8/five-point/1", dimensions: 128, metric: "cosine" },
  calibration,
};
