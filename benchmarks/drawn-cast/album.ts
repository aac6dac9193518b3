import { dot } from "@facekit/core";
import { conditionsFromSeed, drawPortrait, type PersonParameters } from "@facekit/drawn-people";
import { type Pack, templateOf } from "./packs.js";
import { pictureSeed, type SeedRange } from "./seeds.js";

/** One person's pictures as templates, for each pack. */
export interface Album {
  readonly templates: readonly (readonly Float32Array[])[];
  /** Pictures in which a pack did not find exactly one face. */
  readonly missed: number;
}

/** Draws `count` pictures of each person and sees them through every pack. */
export async function makeAlbums(
  packs: readonly Pack[],
  people: readonly PersonParameters[],
  pictures: SeedRange,
  count: number,
): Promise<Album[]> {
  const made: Album[] = [];
  for (const [index, person] of people.entries()) {
    const templates = packs.map((): Float32Array[] => []);
    let missed = 0;
    for (let picture = 0; picture < count; picture++) {
      const portrait = await drawPortrait(person, conditionsFromSeed(pictureSeed(pictures, index, picture)));
      for (const [p, pack] of packs.entries()) {
        const template = await templateOf(pack, portrait);
        if (template === undefined) missed++;
        else templates[p]?.push(template);
      }
    }
    made.push({ templates, missed });
  }
  return made;
}

/** Every cosine between pictures of one person. */
export function within(album: Album, pack: number): number[] {
  const own = album.templates[pack] ?? [];
  return own.flatMap((one, at) => own.slice(at + 1).map((other) => dot(one, other)));
}

/** Every cosine between pictures of two people. */
export function between(a: Album, b: Album, pack: number): number[] {
  return (a.templates[pack] ?? []).flatMap((one) => (b.templates[pack] ?? []).map((other) => dot(one, other)));
}

/** Every pair of different people once. */
export function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((one, at) => items.slice(at + 1).map((other): [T, T] => [one, other]));
}
