import { checkNumber, type DetectOptions, FaceKitError, type Scene } from "@facekit/core";

const scenes: readonly unknown[] = ["portrait", "group", "crowd"] satisfies Scene[];

/** The options with their defaults. Throws `invalid-argument` for what none of them can be. */
export function checkedDetectOptions(
  { scene = "group", minScore, maxFaces, signal }: DetectOptions,
  defaultMinScore: number,
): { scene: Scene; minScore: number; maxFaces: number | undefined; signal: DetectOptions["signal"] } {
  if (!scenes.includes(scene)) {
    throw new FaceKitError("invalid-argument", `scene wants one of ${scenes.join(", ")}; got ${String(scene)}.`);
  }
  if (minScore !== undefined) checkNumber("minScore", minScore, { min: 0, max: 1 });
  if (maxFaces !== undefined) {
    checkNumber("maxFaces", maxFaces, { min: 1, max: Number.POSITIVE_INFINITY, integer: true });
  }
  return { scene, minScore: minScore ?? defaultMinScore, maxFaces, signal };
}
