import { readFile } from "node:fs/promises";
import { chooseThreshold, dot } from "@facekit/core";
import { type Pack, templateOf } from "./photos.js";

export interface PairsMeasure {
  readonly pairs: number;
  /** Pairs of which a photo showed no face. */
  readonly failures: number;
  readonly threshold: number | undefined;
  readonly falseNonMatches: number;
  readonly falseMatches: number;
  readonly lowestGenuine: readonly number[];
  readonly highestImpostor: readonly number[];
}

/** Wrong decisions at the card's default threshold. */
export async function measurePairs(pack: Pack, directory: string): Promise<PairsMeasure> {
  const lines = (await readFile(`${directory}/pairs.csv`, "utf8")).trim().split(/\r?\n/).slice(1);
  const templates = new Map<string, Float32Array | undefined>();
  const template = async (name: string): Promise<Float32Array | undefined> => {
    if (!templates.has(name)) templates.set(name, await templateOf(pack, `${directory}/${name}`, "largest"));
    return templates.get(name);
  };
  const threshold =
    pack.embedder.calibration === undefined ? undefined : chooseThreshold({}, pack.embedder.calibration).value;
  const genuine: number[] = [];
  const impostor: number[] = [];
  let failures = 0;
  for (const line of lines) {
    const [a = "", b = "", same] = line.split(",");
    const [first, second] = [await template(a), await template(b)];
    if (first === undefined || second === undefined) failures++;
    else (same === "1" ? genuine : impostor).push(dot(first, second));
  }
  const at = threshold ?? Number.NaN;
  return {
    pairs: lines.length,
    failures,
    threshold,
    falseNonMatches: genuine.filter((similarity) => similarity < at).length,
    falseMatches: impostor.filter((similarity) => similarity >= at).length,
    lowestGenuine: genuine.sort((a, b) => a - b).slice(0, 4),
    highestImpostor: impostor.sort((a, b) => b - a).slice(0, 4),
  };
}
