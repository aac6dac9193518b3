/**
 * A door: everyone says who they are and shows the face. Members come as themselves, then each as another member.
 *
 *   npm run example verification          drawn people
 *   npm run example verification -- DIR   your photos: in DIR a folder for each member, with two photos or more of that
 *                                         member alone; the last of each is kept for the door
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cast, conditionsFromSeed, drawnDomainThresholds, drawPortrait } from "@facekit/drawn-people";
import { createFaceKit, type ImageInput } from "@facekit/node";

interface Person {
  readonly memberId: string;
  readonly enrol: readonly ImageInput[];
  readonly atTheDoor: ImageInput;
}

export interface Outcome {
  /** Members let in as themselves. */
  readonly accepted: number;
  /** Members turned away as someone else. */
  readonly refused: number;
  readonly people: number;
}

export async function main([folder]: readonly string[], print: (line: string) => void): Promise<Outcome> {
  const people = folder === undefined ? await drawnPeople() : await readPeople(folder);
  // Nets trained on photos see drawn people as relatives: their threshold is another.
  const threshold =
    folder === undefined ? drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold : undefined;
  await using faces = await createFaceKit(threshold === undefined ? {} : { threshold });
  for (const { memberId, enrol } of people) await faces.register(memberId, enrol);

  const ask = async (person: Person, claim: string): Promise<boolean> => {
    const { matched, similarity = 0 } = await faces.verify(claim, person.atTheDoor);
    print(`${person.memberId} as ${claim}: ${matched ? "come in" : "no"} (${similarity.toFixed(4)})`);
    return matched;
  };
  let accepted = 0;
  let refused = 0;
  for (const [i, person] of people.entries()) {
    if (await ask(person, person.memberId)) accepted++;
    const other = people[(i + 1) % people.length];
    if (other !== undefined && other !== person && !(await ask(person, other.memberId))) refused++;
  }
  print(`threshold ${faces.threshold.value}, from the ${faces.threshold.source}`);
  print(`let in as themselves ${accepted}/${people.length}, turned away as others ${refused}/${people.length}`);
  return { accepted, refused, people: people.length };
}

async function readPeople(folder: string): Promise<Person[]> {
  const people: Person[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const files = (await readdir(join(folder, entry.name))).filter((file) => /\.(jpe?g|png|webp|avif)$/i.test(file));
    const photos = files.sort().map((file) => join(folder, entry.name, file));
    const last = photos.at(-1);
    if (last === undefined || photos.length < 2) throw new Error(`${entry.name} has fewer than two photos.`);
    people.push({ memberId: entry.name, enrol: photos.slice(0, -1), atTheDoor: last });
  }
  return people;
}

async function drawnPeople(): Promise<Person[]> {
  const portrait = (person: (typeof cast.members)[number]["person"], seed: number): Promise<ImageInput> =>
    drawPortrait(person, conditionsFromSeed(seed));
  return Promise.all(
    cast.members.slice(0, 4).map(async ({ name, person }, i) => ({
      memberId: name,
      enrol: await Promise.all([1, 2, 3].map((n) => portrait(person, 10 * i + n))),
      atTheDoor: await portrait(person, 10 * i + 9),
    })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2), console.log);
