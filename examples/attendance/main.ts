/**
 * A class register: who is in the group photo, who is missing, and who does not belong?
 *
 *   npm run example attendance          drawn people
 *   npm run example attendance -- DIR   your photos: in DIR/members a folder for each member, with photos of that member
 *                                       alone; in DIR/groups the group photos
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cast, conditionsFromSeed, drawGroupPhoto, drawnDomainThresholds, drawPortrait } from "@facekit/drawn-people";
import { createFaceKit, type ImageInput } from "@facekit/node";

interface Class {
  readonly members: ReadonlyMap<string, readonly ImageInput[]>;
  readonly groups: readonly ImageInput[];
}

export interface Outcome {
  readonly present: readonly string[];
  readonly absent: readonly string[];
  /** Faces that are no member's. */
  readonly strangers: number;
}

export async function main([folder]: readonly string[], print: (line: string) => void): Promise<Outcome> {
  const { members, groups } = folder === undefined ? await drawnClass() : await readClass(folder);
  // Nets trained on photos see drawn people as relatives: their threshold is another.
  const threshold =
    folder === undefined ? drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold : undefined;
  await using faces = await createFaceKit(threshold === undefined ? {} : { threshold });
  for (const [memberId, photos] of members) await faces.register(memberId, photos);

  const session = "first lesson";
  const { present, strangers, photos } = await faces.takeAttendance(groups, { session });
  for (const [i, photo] of photos.entries()) {
    const names = photo.faces.map(({ memberId }) => memberId ?? "a stranger");
    print(`photo ${i + 1}, from left to right: ${names.join(", ")}`);
  }
  const absent = [...members.keys()].filter((memberId) => !present.includes(memberId)).sort();
  print(`present: ${present.join(", ")}`);
  print(`absent: ${absent.join(", ")}`);
  print(`faces of strangers: ${strangers}`);
  for await (const { memberId, at, timeZone } of faces.visits.query("default", { session })) {
    print(`written down: ${memberId}, ${at.toLocaleString("en-GB", { timeZone })} (${timeZone})`);
  }
  return { present, absent, strangers };
}

async function readClass(folder: string): Promise<Class> {
  const photosIn = async (path: string): Promise<string[]> => {
    const files = (await readdir(path)).filter((file) => /\.(jpe?g|png|webp|avif)$/i.test(file));
    return files.sort().map((file) => join(path, file));
  };
  const entries = await readdir(join(folder, "members"), { withFileTypes: true });
  const members = new Map<string, string[]>();
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    members.set(name, await photosIn(join(folder, "members", name)));
  }
  return { members, groups: await photosIn(join(folder, "groups")) };
}

/** Six members, of whom four come, and one who is no member. */
async function drawnClass(): Promise<Class> {
  const pupils = cast.members.slice(0, 6);
  const members = new Map<string, readonly ImageInput[]>();
  for (const [i, { name, person }] of pupils.entries()) {
    const seeds = [1, 2, 3].map((n) => 10 * i + n);
    members.set(name, await Promise.all(seeds.map((seed) => drawPortrait(person, conditionsFromSeed(seed)))));
  }
  const people = [...pupils.slice(0, 4), ...cast.strangers.slice(0, 1)];
  const participants = people.map(({ person }, i) => ({ person, conditions: conditionsFromSeed(100 + i) }));
  return { members, groups: [(await drawGroupPhoto(participants)).image] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2), console.log);
