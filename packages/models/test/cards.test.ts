import type { Calibration } from "@facekit/core";
import { describe, expect, it } from "vitest";
import {
  arcFaceInput,
  arcFaceTemplate,
  bundledPack,
  cardsOfPack,
  defineModelCard,
  dlibTemplate,
  dlibTemplateForLandmarks68,
  downloadablePack,
  type EmbedderCard,
  findCard,
  modelCards,
  resolvePack,
} from "../src/index.js";

const own: EmbedderCard = {
  task: "embed",
  id: "our-arcface",
  title: "Our ArcFace",
  file: "our-arcface.onnx",
  bytes: 10,
  sha256: "0".repeat(64),
  source: "https://example.com",
  licence: { weights: "Apache-2.0", data: "our own photos", commercialUse: "yes" },
  input: arcFaceInput,
  alignment: arcFaceTemplate,
  space: { id: "our-arcface/five-point/1", dimensions: 512, metric: "cosine" },
};

const calibratedWithin = (interval: readonly [number, number]): Calibration => ({
  data: "made up",
  defaultFalseMatchRate: 1e-2,
  points: [{ falseMatchRate: 1e-2, threshold: 0.5, impostorPairs: 10_000, interval }],
});

describe("model cards", () => {
  it.each(modelCards.map((card) => [card.id, card] as const))("%s is valid", (_, card) => {
    expect(defineModelCard(card)).toBe(card);
  });

  it("have ids, files and spaces of their own", () => {
    const spaces = modelCards.flatMap((card) => (card.task === "embed" ? [card.space.id] : []));
    for (const names of [modelCards.map((card) => card.id), modelCards.map((card) => card.file), spaces]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it("tell of each measured rate the interval that it lies in, the wider the fewer errors stand behind it", () => {
    const calibrations = modelCards.flatMap((card) => (card.task === "embed" ? (card.calibration?.points ?? []) : []));
    expect(calibrations.length).toBeGreaterThan(0);
    for (const { falseMatchRate, impostorPairs, interval: [low, high] = [1, 0] } of calibrations) {
      // Wilson's interval, to the three digits that cards keep: about 1.96 standard deviations to each side.
      const reach = 1.96 * Math.sqrt(falseMatchRate / impostorPairs);
      expect(falseMatchRate - low).toBeGreaterThan(0.6 * reach);
      expect(high - falseMatchRate).toBeGreaterThan(0.6 * reach);
      expect(high - low).toBeLessThan(3 * reach);
    }
  });

  it("takes a user's own net", () => {
    expect(defineModelCard(own)).toBe(own);
  });

  it.each([
    ["id", { id: "a+b" }],
    ["file", { file: "../x.onnx" }],
    ["sha256", { sha256: "abc" }],
    ["bytes", { bytes: 0 }],
    ["input", { input: { ...arcFaceInput, width: 128 } }],
    ["alignment.targets", { alignment: { ...arcFaceTemplate, targets: [] } }],
    ["space.dimensions", { space: { ...own.space, dimensions: 0 } }],
    ["calibration.points.interval", { calibration: calibratedWithin([0.2, 0.1]) }],
    ["calibration.points.interval", { calibration: calibratedWithin([0, 1.5]) }],
  ])("names the wrong field %s", (field, change) => {
    expect(() => defineModelCard({ ...own, ...change })).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(field) }),
    );
  });

  it("names the known ids for an unknown one", () => {
    expect(() => findCard("nope")).toThrow(/yunet-640.*sface/);
  });
});

describe("dlibTemplate", () => {
  it("has nose, eyes and upper lip, centred in the chip", () => {
    expect(dlibTemplate.targets).toHaveLength(33);
    // Nose bridge: (0.25 + 0.490127) / 1.5 * 150.
    expect(dlibTemplate.targets[0]?.x).toBeCloseTo(74.0127, 4);
  });
});

describe("dlibTemplateForLandmarks68", () => {
  it("shows the same face 7 % larger and its middle 4 pixels higher", () => {
    expect(dlibTemplateForLandmarks68.points).toEqual(dlibTemplate.points);
    dlibTemplateForLandmarks68.targets.forEach(({ x, y }, i) => {
      const plain = dlibTemplate.targets[i] ?? { x: Number.NaN, y: Number.NaN };
      expect(x).toBeCloseTo(75 + (plain.x - 75) * (1.5 / 1.4), 6);
      expect(y).toBeCloseTo(75 + (plain.y - 75) * (1.5 / 1.4) - 4, 6);
    });
  });
});

describe("resolvePack", () => {
  it("reads the bundled pack, of four files", () => {
    expect(resolvePack("bundled")).toBe(bundledPack);
    expect(cardsOfPack(bundledPack).every((card) => card.bundled)).toBe(true);
    expect(cardsOfPack(bundledPack)).toHaveLength(4);
  });

  it("can download every file of the pack it names for that", () => {
    expect(cardsOfPack(resolvePack(downloadablePack)).every((card) => card.url)).toBe(true);
  });

  it("combines, also with the bundled detector and with a user's net", () => {
    expect(resolvePack("bundled+retail-0095").detector.id).toBe("blazeface-back");
    expect(resolvePack("yunet+our-arcface", [...modelCards, own]).embedder).toBe(own);
  });

  it("adds the landmarks net where the embedder aligns by points that the detector does not measure", () => {
    const pack = resolvePack("yunet+dlib-resnet-128");
    expect(pack.landmarks?.id).toBe("landmarks-68");
    expect(cardsOfPack(pack).map((card) => card.id)).toEqual(["yunet", "landmarks-68", "dlib-resnet-128"]);
    expect(resolvePack("yunet+sface").landmarks).toBeUndefined();
  });

  it.each(["", "yunet", "yunet+nope", "nope+sface", "sface+yunet", "yunet+sface+x", "ssd-mobilenetv1-face+sface"])(
    "refuses %o",
    (spec) => {
      expect(() => resolvePack(spec)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    },
  );
});
