import { arcFaceTemplate } from "../alignments.js";
import type { EmbedderCard } from "../card.js";

export const mobilefacenetFoamliu: EmbedderCard = {
  task: "embed",
  id: "mobilefacenet-foamliu",
  title: "MobileFaceNet by foamliu",
  file: "mobilefacenet_foamliu.onnx",
  bytes: 3_998_070,
  sha256: "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
  source: "https://github.com/foamliu/MobileFaceNet",
  licence: {
    weights: "Apache-2.0",
    data: "MS-Celeb-1M, gathered from the web for research and withdrawn by Microsoft in 2019",
    commercialUse: "unclear",
  },
  input: {
    layout: "NCHW-float32",
    width: 112,
    height: 112,
    channels: "rgb",
    // ImageNet's mean and standard deviation, times 255.
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    fixedBatch: 1,
  },
  alignment: arcFaceTemplate,
  space: { id: "mobilefacenet-foamliu/five-point/1", dimensions: 128, metric: "cosine" },
  calibration: {
    data: "all pairs of different people in LFW (deep-funneled), folds 1 to 3: 2,320 photos of 1,241 people",
    defaultFalseMatchRate: 1e-3,
    points: [
      {
        falseMatchRate: 1e-2,
        threshold: 0.251467,
        impostorPairs: 2_687_149,
        interval: [9.88e-3, 1.01e-2],
        trueMatchRate: 0.99,
      },
      {
        falseMatchRate: 3e-3,
        threshold: 0.297054,
        impostorPairs: 2_687_149,
        interval: [2.94e-3, 3.07e-3],
        trueMatchRate: 0.982,
      },
      {
        falseMatchRate: 1e-3,
        threshold: 0.334616,
        impostorPairs: 2_687_149,
        interval: [9.63e-4, 1.04e-3],
        trueMatchRate: 0.9737,
      },
      {
        falseMatchRate: 3e-4,
        threshold: 0.371939,
        impostorPairs: 2_687_149,
        interval: [2.8e-4, 3.21e-4],
        trueMatchRate: 0.9585,
      },
      {
        falseMatchRate: 1e-4,
        threshold: 0.401201,
        impostorPairs: 2_687_149,
        interval: [8.85e-5, 1.12e-4],
        trueMatchRate: 0.9415,
      },
      {
        falseMatchRate: 3e-5,
        threshold: 0.432224,
        impostorPairs: 2_687_149,
        interval: [2.39e-5, 3.7e-5],
        trueMatchRate: 0.9156,
      },
      {
        falseMatchRate: 1e-5,
        threshold: 0.465112,
        impostorPairs: 2_687_149,
        interval: [6.6e-6, 1.42e-5],
        trueMatchRate: 0.8824,
      },
    ],
  },
};
