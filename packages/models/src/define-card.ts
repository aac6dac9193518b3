import { checkId, checkKeys, checkNumber, FaceKitError } from "@facekit/core";
import type { DetectorCard, EmbedderCard, ModelCard, ModelInput } from "./card.js";

/**
 * A card of one's own net, checked: `invalid-argument` names the field that is wrong.
 *
 * @example
 * const net = defineModelCard({
 *   task: "embed",
 *   id: "our-arcface",
 *   title: "Our ArcFace",
 *   file: "our-arcface.onnx",
 *   bytes: 13_616_099,
 *   sha256: "…", // what `sha256sum our-arcface.onnx` prints
 *   source: "https://example.com/our-arcface",
 *   licence: { weights: "Apache-2.0", data: "our own photos", commercialUse: "yes" },
 *   input: arcFaceInput,
 *   alignment: arcFaceTemplate,
 *   space: { id: "our-arcface/five-point/1", dimensions: 512, metric: "cosine" },
 * });
 */
export function defineModelCard<T extends ModelCard>(card: T): T {
  const { task } = card;
  if (task !== "detect" && task !== "landmarks" && task !== "embed") {
    throw refused("task", `"detect", "landmarks" or "embed"`, task);
  }
  checkKeys("ModelCard", card, [...commonKeys, ...keysOf[task]]);
  checkId("id", card.id);
  // "+" parts the two ids of a pack.
  if (!/^[\w.-]+$/.test(card.id)) throw refused("id", "letters, digits, '.', '_' and '-'", card.id);
  checkText("title", card.title);
  checkFileName("file", card.file);
  for (const name of card.fileNames ?? []) checkFileName("fileNames", name);
  checkNumber("bytes", card.bytes, { min: 1, max: 2 ** 32, integer: true });
  if (!/^[0-9a-f]{64}$/.test(card.sha256)) throw refused("sha256", "64 lower-case hexadecimal digits", card.sha256);
  checkText("source", card.source);
  if (card.url !== undefined && !/^https?:/.test(card.url)) throw refused("url", "an http(s) address", card.url);
  checkLicence(card);
  checkInput(card.input);
  if (card.task === "detect") checkDetector(card);
  if (card.task === "embed") checkEmbedder(card);
  return card;
}

const commonKeys = [
  "task",
  "id",
  "title",
  "file",
  "fileNames",
  "bytes",
  "sha256",
  "source",
  "url",
  "licence",
  "bundled",
  "input",
  "notes",
];

const keysOf = {
  detect: ["family", "minScore", "gives", "parts"],
  landmarks: [],
  embed: ["alignment", "space", "mirrored", "output", "calibration"],
};

function checkLicence({ licence }: ModelCard): void {
  checkText("licence.weights", licence.weights);
  checkText("licence.data", licence.data);
  if (!["yes", "no", "unclear"].includes(licence.commercialUse)) {
    throw refused("licence.commercialUse", `"yes", "no" or "unclear"`, licence.commercialUse);
  }
}

function checkInput(input: ModelInput): void {
  if (!["NHWC-uint8-rgb", "NCHW-float32"].includes(input.layout)) {
    throw refused("input.layout", `"NHWC-uint8-rgb" or "NCHW-float32"`, input.layout);
  }
  if (input.width !== "dynamic") checkNumber("input.width", input.width, { min: 1, max: 8192, integer: true });
  if (input.height !== "dynamic") checkNumber("input.height", input.height, { min: 1, max: 8192, integer: true });
  if (!["rgb", "bgr"].includes(input.channels)) throw refused("input.channels", `"rgb" or "bgr"`, input.channels);
  if (input.mean.length !== 3) throw refused("input.mean", "three numbers", input.mean);
  if (input.std.length !== 3) throw refused("input.std", "three numbers", input.std);
  for (const mean of input.mean) checkNumber("input.mean", mean, { min: -1e6, max: 1e6 });
  for (const std of input.std) checkNumber("input.std", std, { min: 1e-6, max: 1e6 });
  const { layout, channels, mean, std } = input;
  const plain = channels === "rgb" && mean.every((each) => each === 0) && std.every((each) => each === 1);
  if (layout === "NHWC-uint8-rgb" && !plain) {
    throw refused("input", "rgb, mean 0 and std 1 with NHWC-uint8-rgb, whose pixels go in as they are", {
      channels,
      mean,
      std,
    });
  }
}

function checkDetector(card: DetectorCard): void {
  if (!["yunet", "blazeface-ssd", "ssd-mobilenet"].includes(card.family)) {
    throw refused("family", `"yunet", "blazeface-ssd" or "ssd-mobilenet"`, card.family);
  }
  checkNumber("minScore", card.minScore, { min: 0, max: 1 });
  const known = (points: string): boolean => points === "landmarks" || points === "landmarks68";
  if (!card.gives.every(known)) throw refused("gives", `a list of "landmarks" and "landmarks68"`, card.gives);
  if (card.family !== "blazeface-ssd") return;
  defineModelCard(card.parts.ssd);
  defineModelCard(card.parts.landmarks);
}

function checkEmbedder({ alignment, input, space, calibration }: EmbedderCard): void {
  const { size, points, targets } = alignment;
  checkNumber("alignment.size", size, { min: 1, max: 8192, integer: true });
  for (const side of [input.width, input.height]) {
    if (side !== size) throw refused("input", `the width and height of its alignment, ${size}`, side);
  }
  const wanted = points === "landmarks" ? 5 : points.landmarks68.length;
  if (wanted < 2 || targets.length !== wanted) throw refused("alignment.targets", `${wanted} points`, targets.length);
  for (const { x, y } of targets) {
    checkNumber("alignment.targets", x, { min: 0, max: size });
    checkNumber("alignment.targets", y, { min: 0, max: size });
  }
  if (points !== "landmarks") {
    for (const index of points.landmarks68) checkNumber("alignment.points", index, { min: 0, max: 67, integer: true });
  }
  checkId("space.id", space.id);
  checkNumber("space.dimensions", space.dimensions, { min: 1, max: 65_536, integer: true });
  if (space.metric !== "cosine") throw refused("space.metric", `"cosine"`, space.metric);
  for (const { falseMatchRate, threshold, interval = [0, 1] } of calibration?.points ?? []) {
    checkNumber("calibration.points.falseMatchRate", falseMatchRate, { min: 0, max: 1 });
    checkNumber("calibration.points.threshold", threshold, { min: -1, max: 1 });
    const [low, high] = interval;
    checkNumber("calibration.points.interval", low, { min: 0, max: 1 });
    checkNumber("calibration.points.interval", high, { min: low, max: 1 });
  }
}

function checkText(field: string, value: unknown): void {
  if (typeof value !== "string" || value.trim() === "") throw refused(field, "some text", value);
}

/** A name with a folder in it would let a card write outside the cache. */
function checkFileName(field: string, value: unknown): void {
  if (typeof value !== "string" || !/^[^/\\:\0]+$/.test(value) || value === "." || value === "..") {
    throw refused(field, "a file's name without its folder", value);
  }
}

function refused(field: string, wants: string, got: unknown): FaceKitError {
  return new FaceKitError("invalid-argument", `A model card's ${field} wants ${wants}; got ${JSON.stringify(got)}.`);
}
