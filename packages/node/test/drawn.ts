import { conditionsFromSeed, drawGroupPhoto, drawPortrait, personFromSeed } from "@facekit/drawn-people";

/** By seeds: the same person, the same picture, always. */
export async function portrait(person: number, picture: number): Promise<Buffer> {
  return drawPortrait(personFromSeed(person), conditionsFromSeed(picture));
}

export async function groupPhoto(people: readonly number[], picture: number): Promise<Buffer> {
  const participants = people.map((person, i) => ({
    person: personFromSeed(person),
    conditions: conditionsFromSeed(picture + i),
  }));
  return (await drawGroupPhoto(participants, { scene: conditionsFromSeed(picture) })).image;
}
