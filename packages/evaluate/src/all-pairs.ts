import { dot } from "@facekit/core";
import type { Scores } from "./scores.js";
import { type WorstPairs, worstPairs } from "./worst.js";

/** A photo that was enrolled, and whom it shows. */
export interface PhotoOfPerson {
  readonly photo: string;
  readonly person: string;
  readonly template: Float32Array;
}

/**
 * Compares every photo with every other: the impostor scores of n people grow with n², so that far lower rates of false
 * matches can be measured than on listed pairs. Eight bytes a pair are kept.
 */
export function compareAll(photos: readonly PhotoOfPerson[]): { readonly scores: Scores; readonly worst: WorstPairs } {
  const pairs = (photos.length * (photos.length - 1)) / 2;
  const perPerson = new Map<string, number>();
  for (const { person } of photos) perPerson.set(person, (perPerson.get(person) ?? 0) + 1);
  const samePairs = [...perPerson.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const genuine = new Float64Array(samePairs);
  const impostor = new Float64Array(pairs - samePairs);
  const worst = worstPairs();
  let [genuineCount, impostorCount] = [0, 0];
  for (const [i, a] of photos.entries()) {
    for (let j = i + 1; j < photos.length; j++) {
      const b = photos[j];
      if (b === undefined) break;
      const similarity = dot(a.template, b.template);
      const same = a.person === b.person;
      if (same) genuine[genuineCount++] = similarity;
      else impostor[impostorCount++] = similarity;
      worst.offer(a.photo, b.photo, same, similarity);
    }
  }
  return { scores: { genuine: genuine.sort(), impostor: impostor.sort() }, worst: worst.found() };
}
