/**
 * Which seeds serve what. No range overlaps another: people that the threshold is made from are never in the cast, and
 * pictures that the cast is checked on took no part in picking it.
 */
export const candidateSeeds: SeedRange = { first: 1_000, count: 260 };
export const outsiderSeeds: SeedRange = { first: 50_000, count: 200 };

export const pickingPictures: SeedRange = { first: 1_000_000, count: 10_000 };
export const checkingPictures: SeedRange = { first: 2_000_000, count: 10_000 };
export const calibratingPictures: SeedRange = { first: 3_000_000, count: 10_000 };

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

/** The seed of one person's `picture`th picture; people of different `index` share none. */
export function pictureSeed({ first, count }: SeedRange, index: number, picture: number): number {
  const offset = index * 20 + picture;
  if (picture >= 20 || offset >= count)
    throw new RangeError(`Picture ${picture} of person ${index} is out of its seed range.`);
  return first + offset;
}
