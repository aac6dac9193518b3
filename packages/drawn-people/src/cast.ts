import { type PersonParameters, personFromSeed } from "./person.js";

/** Someone of the cast: a name to call them by, and how they look. */
export interface CastMember {
  readonly name: string;
  readonly person: PersonParameters;
}

// Picked for mutual distance in every embedding space by `benchmarks/drawn-cast/pick.ts`.
const memberSeeds: Readonly<Record<string, number>> = {};
const strangerSeeds: Readonly<Record<string, number>> = {};

const seated = (seeds: Readonly<Record<string, number>>): readonly CastMember[] =>
  Object.entries(seeds).map(([name, seed]) => ({ name, person: personFromSeed(seed) }));

/** The members of the demo and the strangers whom it must turn away. */
export const cast: { readonly members: readonly CastMember[]; readonly strangers: readonly CastMember[] } = {
  members: seated(memberSeeds),
  strangers: seated(strangerSeeds),
};
