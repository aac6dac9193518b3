import { FaceKitError } from "@facekit/core";
import type { DetectorCard, EmbedderCard, LandmarkCard, ModelCard } from "./card.js";
import { blazefaceBack, dlibResnet, landmarks68 } from "./cards/bundled.js";
import { modelCards } from "./registry.js";

/** A detector and an embedder that work together. */
export interface Pack {
  /** As `resolvePack` reads it: `"bundled"`, `"yunet-640+sface"`. */
  readonly name: string;
  readonly detector: DetectorCard;
  readonly embedder: EmbedderCard;
  /** Measures the points that the embedder aligns by, where the detector does not. */
  readonly landmarks?: LandmarkCard;
}

export const bundledPack: Pack = { name: "bundled", detector: blazefaceBack, embedder: dlibResnet };

/** The strongest pack whose files can all be downloaded: `facekit models pull yunet-640 sface`. */
export const downloadablePack = "yunet-640+sface";

/**
 * Reads `"bundled"` or `"DETECTOR+EMBEDDER"`, two ids of `cards` (by default the registered ones).
 * `"bundled"` in either place is the bundled one. Where the embedder needs the 68 landmarks and the detector does not
 * measure them, the pack names the net that does.
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
  const measures68 = embedder.alignment.points === "landmarks" || detector.gives.includes("landmarks68");
  if (!measures68) return { name: spec, detector, embedder, landmarks: landmarks68 };
  if (detector.gives.length > 0) return { name: spec, detector, embedder };
  const able = detectors.filter((card) => card.gives.length > 0).map((card) => card.id);
  throw new FaceKitError(
    "invalid-argument",
    `"${spec}" does not fit: ${detector.id} is a part of a detector and measures no landmarks; ${able.join(", ")} do.`,
  );
}

/** The cards of all files that a pack needs. */
export function cardsOfPack({ detector, embedder, landmarks }: Pack): ModelCard[] {
  const parts = detector.family === "blazeface-ssd" ? [detector.parts.ssd, detector.parts.landmarks] : [];
  return [detector, ...parts, ...(landmarks === undefined ? [] : [landmarks]), embedder];
}

function pick<T extends ModelCard>(what: string, id: string, cards: readonly T[]): T {
  const card = cards.find((each) => each.id === id);
  if (card) return card;
  const known = cards.map((each) => each.id).join(", ");
  throw new FaceKitError("invalid-argument", `There is no ${what} "${id}". Known are ${known}.`);
}
