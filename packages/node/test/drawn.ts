import { conditionsFromSeed, drawGroupPhoto, drawPortrait, personFromSeed } from "@facekit/drawn-people";
import { type DecodedImage, decodeImage } from "@facekit/node";

/** Seeds of people who look unlike each other to the bundled embedder: the drawn threshold holds for them. */
export async function portrait(person: number, picture: number): Promise<Buffer> {
  return drawPortrait(personFromSeed(person), conditionsFromSeed(picture));
}

export async function decodedPortrait(person: number, picture: number): Promise<DecodedImage> {
  return decodeImage(await portrait(person, picture));
}

export async function groupPhoto(people: readonly number[], picture: number): Promise<Buffer> {
  const participants = people.map((person, i) => ({
    person: personFromSeed(person),
    conditions: conditionsFromSeed(picture + i),
  }));
  return (await drawGroupPhoto(participants, { scene: conditionsFromSeed(picture) })).image;
}
