import { FaceKitError } from "@facekit/core";
import type { ModelCard } from "../card.js";

/** Throws `model-licence` where the weights forbid commercial use and the caller has not said that this is none. */
export function checkLicence({ id, licence }: ModelCard, acceptNonCommercial = false): void {
  if (licence.commercialUse !== "no" || acceptNonCommercial) return;
  throw new FaceKitError(
    "model-licence",
    `The weights of ${id} may not be used commercially (${licence.weights}). Pass acceptNonCommercial if your use is none.`,
  );
}
