import type { DecisionTerms, Threshold } from "@facekit/core";
import { count } from "./text.js";

/** By what was decided, for people: the threshold, where it came from, and how often that errs. */
export function termsText({ threshold, gallerySize, expectedFalsePositiveRate }: DecisionTerms): string {
  const text = `threshold ${threshold.value}, ${sourceText(threshold)}`;
  if (gallerySize === undefined || expectedFalsePositiveRate === undefined) return text;
  const percent = `${(expectedFalsePositiveRate * 100).toPrecision(2)} %`;
  return `${text}; a search of ${count(gallerySize, "comparison")} is expected to name ${percent} of strangers`;
}

function sourceText({ source, falseMatchRate, falseMatchRateInterval, impostorPairs }: Threshold): string {
  if (source === "caller") return "your own, so its error rate is not known";
  if (source === "published") return "published with the model, without an error rate";
  const interval = falseMatchRateInterval === undefined ? "" : ` [${falseMatchRateInterval.join(", ")}]`;
  return `measured at a false match rate of ${falseMatchRate}${interval} on ${impostorPairs?.toLocaleString("en")} pairs`;
}
