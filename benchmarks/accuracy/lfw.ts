import { readdir, readFile } from "node:fs/promises";
import { dot } from "@facekit/core";
import { type Pack, templateOf } from "./photos.js";

interface Scored {
  readonly similarity: number;
  readonly same: boolean;
}

const rates = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5];

/** LFW's protocol over its folds, and similarities at false-match rates over all pairs of different people. */
export async function measureLfw(pack: Pack, directory: string): Promise<unknown> {
  const templates = new Map<string, Float32Array>();
  let photos = 0;
  const started = performance.now();
  for (const person of (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    for (const file of await readdir(`${directory}/${person.name}`)) {
      photos++;
      const template = await templateOf(pack, `${directory}/${person.name}/${file}`, "central");
      if (template !== undefined) templates.set(file, template);
    }
  }
  const msPerPhoto = (performance.now() - started) / photos;

  const folds = await readFolds(directory, templates);
  const accuracies = folds.map((test, fold) => {
    const training = folds.flatMap((pairs, other) => (other === fold ? [] : pairs));
    return accuracyAt(test, bestThreshold(training));
  });
  const all = folds.flat();
  return {
    photos,
    failuresToEnrol: photos - templates.size,
    msPerPhoto,
    pairs: all.length,
    accuracy: accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length,
    accuracies,
    bestThreshold: bestThreshold(all),
    calibration: calibrate(templates),
  };
}

async function readFolds(directory: string, templates: ReadonlyMap<string, Float32Array>): Promise<Scored[][]> {
  const [header = "", ...lines] = (await readFile(`${directory}/pairs.txt`, "utf8")).trim().split(/\r?\n/);
  const [count = 0, size = 0] = header.split("\t").map(Number);
  const file = (person: string, n: string): string => `${person}_${n.padStart(4, "0")}.jpg`;
  const score = (line: string): Scored => {
    const [a = "", i = "", b = "", j = ""] = line.split("\t");
    const same = j === "";
    const first = templates.get(file(a, i));
    const second = templates.get(same ? file(a, b) : file(b, j));
    // A face that could not be enrolled is a pair that did not match.
    return { same, similarity: first && second ? dot(first, second) : -1 };
  };
  return Array.from({ length: count }, (_, fold) => lines.slice(fold * size * 2, (fold + 1) * size * 2).map(score));
}

function bestThreshold(pairs: readonly Scored[]): number {
  const sorted = [...pairs].sort((a, b) => b.similarity - a.similarity);
  let right = pairs.filter((pair) => !pair.same).length;
  let best = { right, threshold: 1 };
  sorted.forEach((pair, i) => {
    right += pair.same ? 1 : -1;
    if (right > best.right) {
      best = { right, threshold: (pair.similarity + (sorted[i + 1]?.similarity ?? pair.similarity)) / 2 };
    }
  });
  return best.threshold;
}

function accuracyAt(pairs: readonly Scored[], threshold: number): number {
  return pairs.filter((pair) => pair.similarity >= threshold === pair.same).length / pairs.length;
}

/** Over every pair of photos: the similarity that so many impostor pairs reach, and the genuine pairs that pass it. */
function calibrate(templates: ReadonlyMap<string, Float32Array>): unknown {
  const entries = [...templates].map(([file, vector]) => ({ person: file.replace(/_\d+\.jpg$/, ""), vector }));
  const impostor: number[] = [];
  const genuine: number[] = [];
  entries.forEach((a, i) => {
    for (const b of entries.slice(i + 1)) (a.person === b.person ? genuine : impostor).push(dot(a.vector, b.vector));
  });
  const sorted = Float64Array.from(impostor).sort().reverse();
  return rates.map((falseMatchRate) => {
    // Just above the first impostor pair that must not pass, in the six digits that a card holds.
    const threshold = (Math.floor((sorted[Math.floor(falseMatchRate * sorted.length)] ?? 1) * 1e6) + 1) / 1e6;
    const above = genuine.filter((similarity) => similarity >= threshold).length;
    return { falseMatchRate, threshold, impostorPairs: sorted.length, trueMatchRate: above / genuine.length };
  });
}
