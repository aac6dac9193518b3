import { type PersonParameters, personFromSeed } from "./person.js";

/** Someone of the cast: a name to call them by, and how they look. */
export interface CastMember {
  readonly name: string;
  readonly person: PersonParameters;
}

// Picked for mutual distance in every embedding space by `benchmarks/drawn-cast/pick.ts`.
const memberSeeds: Readonly<Record<string, number>> = {
  ada: 1016,
  bo: 1228,
  cleo: 1129,
  dov: 1199,
  esi: 1248,
  finn: 1150,
  gita: 1256,
  hugo: 1098,
  ines: 1088,
  jun: 1038,
  kofi: 1024,
  lena: 1005,
};
const strangerSeeds: Readonly<Record<string, number>> = { mo: 1012, nia: 1119, omar: 1041, pia: 1068 };

const seated = (seeds: Readonly<Record<string, number>>): readonly CastMember[] =>
  Object.entries(seeds).map(([name, seed]) => ({ name, person: personFromSeed(seed) }));

/** The members of the demo and the strangers whom it must turn away. */
export const cast: { readonly members: readonly CastMember[]; readonly strangers: readonly CastMember[] } = {
  members: seated(memberSeeds),
  strangers: seated(strangerSeeds),
};
