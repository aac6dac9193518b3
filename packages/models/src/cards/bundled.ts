import { dlibTemplateForLandmarks68 } from "../alignments.js";
import type { BlazefaceSsdCard, EmbedderCard, LandmarkCard, ModelInput, SsdCard } from "../card.js";

/** Bytes and SHA-256 of this file's cards are those of `dist/bundled/manifest.json`, which `convert/` writes. */
function pixels(side: number | "dynamic"): Omit<ModelInput, "fixedBatch"> {
  return {
    layout: "NHWC-uint8-rgb",
    width: side,
    height: side,
    channels: "rgb",
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
}

const repackaged =
  "MIT is the licence of those who packaged the weights for JavaScript, not of those who trained them.";

export const ssdMobilenetFace: SsdCard = {
  task: "detect",
  family: "ssd-mobilenet",
  id: "ssd-mobilenetv1-face",
  title: "SSD MobileNet v1 trained on WIDER FACE",
  file: "ssd-mobilenetv1-face.onnx",
  bytes: 5_734_084,
  sha256: "bbd4093ee6dcfe5edb26f8a37f8644503deedd8f7a4e1eadbf1a9cb8f0bf8f5a",
  source: "https://github.com/yeephycho/tensorflow-face-detection",
  bundled: true,
  licence: {
    weights: "Apache-2.0",
    weightsNote: `Trained by yeephycho, quantised by face-api.js (MIT). ${repackaged}`,
    data: "WIDER FACE, whose images were gathered from the web for research",
    commercialUse: "unclear",
  },
  input: { ...pixels("dynamic"), fixedBatch: 1 },
  minScore: 0.5,
  gives: [],
  notes: "Boxes only: it finds the small faces of blazeface-back.",
};

export const landmarks68: LandmarkCard = {
  task: "landmarks",
  id: "landmarks-68",
  title: "68 face landmarks of face-api.js",
  file: "landmarks-68.onnx",
  bytes: 377_341,
  sha256: "f123b66949ed05565e881572b859f2b98ebbfc69b488a6616911cd62c7e86e21",
  source: "https://github.com/justadudewhohacks/face-api.js",
  bundled: true,
  licence: {
    weights: "MIT",
    data: "About 35,000 face images that face-api.js's author labelled; the images were not published",
    commercialUse: "unclear",
  },
  input: pixels(112),
};

export const blazefaceBack: BlazefaceSsdCard = {
  task: "detect",
  family: "blazeface-ssd",
  id: "blazeface-back",
  title: "BlazeFace (full range) for large faces, SSD MobileNet for small ones, 68 landmarks",
  file: "blazeface-back.onnx",
  bytes: 555_410,
  sha256: "ab26476696a4ac74b217640024d2d6bd164a08ed224f5cb6f99f7a8d9973dd1c",
  source: "https://github.com/google-ai-edge/mediapipe",
  bundled: true,
  licence: {
    weights: "Apache-2.0",
    weightsNote: `BlazeFace of Google MediaPipe, repackaged by @vladmandic/human (MIT). ${repackaged}`,
    data: "Images internal to Google, not published",
    commercialUse: "yes",
  },
  input: { ...pixels(256), fixedBatch: 1 },
  minScore: 0.5,
  gives: ["landmarks", "landmarks68"],
  parts: { ssd: ssdMobilenetFace, landmarks: landmarks68 },
  notes: "The licence is of this file alone; its two parts have their own.",
};

export const dlibResnet: EmbedderCard = {
  task: "embed",
  id: "dlib-resnet-128",
  title: "dlib face recognition ResNet v1",
  file: "face-recognition-dlib.onnx",
  bytes: 6_476_813,
  sha256: "9ebf11f1ca6f3f70fad62f678577a2456e20c371243adf9f797d6dcdd817bd5b",
  source: "https://github.com/davisking/dlib-models",
  bundled: true,
  licence: {
    weights: "CC0-1.0",
    weightsNote: `By Davis King, who gave it to the public domain; quantised by face-api.js (MIT). ${repackaged}`,
    data: "About 3 million faces of 7,485 people: FaceScrub, the VGG face data set, and images collected from the web",
    commercialUse: "unclear",
  },
  input: pixels(150),
  alignment: dlibTemplateForLandmarks68,
  space: { id: "dlib-resnet-128/landmarks-68/2", dimensions: 128, metric: "cosine" },
  calibration: {
    data: "all pairs of different people in LFW (deep-funneled), folds 1 to 3: 2,320 photos of 1,241 people",
    defaultFalseMatchRate: 1e-3,
    points: [
      {
        falseMatchRate: 1e-2,
        threshold: 0.907954,
        impostorPairs: 2_687_149,
        interval: [9.88e-3, 1.01e-2],
        trueMatchRate: 0.9869,
      },
      {
        falseMatchRate: 3e-3,
        threshold: 0.918425,
        impostorPairs: 2_687_149,
        interval: [2.93e-3, 3.07e-3],
        trueMatchRate: 0.9578,
      },
      {
        falseMatchRate: 1e-3,
        threshold: 0.926715,
        impostorPairs: 2_687_149,
        interval: [9.63e-4, 1.04e-3],
        trueMatchRate: 0.9163,
      },
      {
        falseMatchRate: 3e-4,
        threshold: 0.935087,
        impostorPairs: 2_687_149,
        interval: [2.8e-4, 3.21e-4],
        trueMatchRate: 0.8419,
      },
      {
        falseMatchRate: 1e-4,
        threshold: 0.941894,
        impostorPairs: 2_687_149,
        interval: [8.81e-5, 1.12e-4],
        trueMatchRate: 0.7523,
      },
      {
        falseMatchRate: 3e-5,
        threshold: 0.949864,
        impostorPairs: 2_687_149,
        interval: [2.39e-5, 3.7e-5],
        trueMatchRate: 0.5884,
      },
      {
        falseMatchRate: 1e-5,
        threshold: 0.953802,
        impostorPairs: 2_687_149,
        interval: [6.6e-6, 1.42e-5],
        trueMatchRate: 0.4884,
      },
    ],
  },
  notes:
    "For a first try and for small galleries, not for low false match rates: it accepts 75 % of genuine pairs at a false " +
    "match rate of 1e-4, 49 % at 1e-5. `facekit models pull yunet-640 sface` fetches a stronger pack.",
};
