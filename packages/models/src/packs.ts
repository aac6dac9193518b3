import { FaceKitError } from "@facekit/core";
import type { DetectorCard, EmbedderCard, ModelCard } from "./card.js";
import { blazefaceBack, dlibResnet } from "./cards/bundled.js";
import { modelCards } from "./registry.js";

/** A detector and an embedder that work together. */
export interface Pack {
  /** As `resolvePack` reads it: `"bundled"`, `"yunet-640+sface"`. */
  readonly name: string;
  readonly detector: DetectorCard;
  readonly embedder: EmbedderCard;
}

export const bundledPack: Pack = { name: "bundled", detector: blazefaceBack, embedder: dlibResnet };

/** The strongest pack whose files can all be downloaded: `facekit models pull yunet-640+sface`. */
export const downloadablePack = "yunet-640+sface";

/**
 * Reads `"bundled"` or `"DETECTOR+EMBEDDER"`, two ids of `cards` (by default the registered ones).
 * `"bundled"` in either place is the bundled one. Rejects pairs whose detector lacks the points that the embedder needs.
 */
export function resolvePack(spec: string, cards: readonly ModelCard[] = modelCards): Pack {
  if (spec === bundledPack.name) return bundledPack;
  const [detectorId, embedderId, ...rest] = spec.split("+");
  if (!detectorId || !embedderId || rest.length > 0) {
    throw new FaceKitError("invalid-argument", `A pack is "bundled" or "DETECTOR+EMBEDDER"; got "${spec}".`);
  }
  const detectors = cards.filter((card) => card.task === "detect");
  const embedders = cards.filter((card) => card.task === "embed");
  const detector = detectorId === "bundled" ? bundledPack.detector : pick("detector", detectorId, detectors);
  const embedder = embedderId === "bundled" ? bundledPack.embedder : pick("embedder", embedderId, embedders);
  const needs = embedder.alignment.points === "landmarks" ? "landmarks" : "landmarks68";
  if (!detector.gives.includes(needs)) {
    const what = needs === "landmarks" ? "the five landmarks" : "the 68 landmarks";
    const able = detectors.filter((card) => card.gives.includes(needs)).map((card) => card.id);
    throw new FaceKitError(
      "invalid-argument",
      `"${spec}" does not fit: ${embedder.id} aligns faces by ${what}, which ${detector.id} does not measure; ${able.join(", ")} would.`,
    );
  }
  return { name: spec, detector, embedder };
}

/** The cards of all files that a pack needs. */
export function cardsOfPack({ detector, embedder }: Pack): ModelCard[] {
  const parts = detector.family === "blazeface-ssd" ? [detector.parts.ssd, detector.parts.landmarks] : [];
  return [detector, ...parts, embedder];
}

function pick<T extends ModelCard>(what: string, id: string, cards: readonly T[]): T {
  const card = cards.find((each) => each.id === id);
  if (card) return card;
  const known = cards.map((each) => each.id).join(", ");
  throw new FaceKitError("invalid-argument", `There is no ${what} "${id}". Known are ${known}.`);
}
