import { retail0095Template } from "../alignments.js";
import type { EmbedderCard } from "../card.js";

export const retail0095: EmbedderCard = {
  task: "embed",
  id: "retail-0095",
  title: "face-reidentification-retail-0095",
  file: "face-reidentification-retail-0095.onnx",
  bytes: 4_444_845,
  sha256: "8a57fbfad87af4f6cce5ee2c7bce8e8abca5aaad5c5d1c6d7acf0f25dd1ae18e",
  source:
    "https://github.com/openvinotoolkit/open_model_zoo/tree/master/models/intel/face-reidentification-retail-0095",
  licence: {
    weights: "Apache-2.0",
    data: "Not published by Intel",
    commercialUse: "yes",
  },
  input: {
    layout: "NCHW-float32",
    width: 128,
    height: 128,
    channels: "bgr",
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  alignment: retail0095Template,
  space: { id: "retail-0095/five-point/1", dimensions: 256, metric: "cosine" },
  calibration: {
    data: "all pairs of different people in LFW (deep-funneled), folds 1 to 3: 2,320 photos of 1,241 people",
    defaultFalseMatchRate: 1e-3,
    points: [
      {
        falseMatchRate: 1e-2,
        threshold: 0.242197,
        impostorPairs: 2_687_149,
        interval: [9.88e-3, 1.01e-2],
        trueMatchRate: 0.9965,
      },
      {
        falseMatchRate: 3e-3,
        threshold: 0.297112,
        impostorPairs: 2_687_149,
        interval: [2.94e-3, 3.07e-3],
        trueMatchRate: 0.9924,
      },
      {
        falseMatchRate: 1e-3,
        threshold: 0.343699,
        impostorPairs: 2_687_149,
        interval: [9.63e-4, 1.04e-3],
        trueMatchRate: 0.9858,
      },
      {
        falseMatchRate: 3e-4,
        threshold: 0.392308,
        impostorPairs: 2_687_149,
        interval: [2.8e-4, 3.21e-4],
        trueMatchRate: 0.9758,
      },
      {
        falseMatchRate: 1e-4,
        threshold: 0.435768,
        impostorPairs: 2_687_149,
        interval: [8.85e-5, 1.12e-4],
        trueMatchRate: 0.9609,
      },
      {
        falseMatchRate: 3e-5,
        threshold: 0.485071,
        impostorPairs: 2_687_149,
        interval: [2.39e-5, 3.7e-5],
        trueMatchRate: 0.9339,
      },
      {
        falseMatchRate: 1e-5,
        threshold: 0.526458,
        impostorPairs: 2_687_149,
        interval: [6.6e-6, 1.42e-5],
        trueMatchRate: 0.8879,
      },
    ],
  },
  notes:
    "Converted from the FP16 IR of Open Model Zoo, which publishes no ONNX file: it cannot be pulled, only kept in a models directory.",
};
