import { existsSync, rmSync } from "node:fs";
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cast, conditionsFromSeed, drawGroupPhoto, drawPortrait } from "@facekit/drawn-people";

/** Photos of one kind. `portrait`: who is the largest face? `group`: who are all of them? */
export interface PhotoSet {
  readonly name: "portraits" | "groups" | "phone";
  readonly kind: "portrait" | "group";
  /** Paths. */
  readonly photos: readonly string[];
}

export interface Photos {
  readonly source: "real" | "drawn";
  readonly gallery: readonly { readonly memberId: string; readonly photo: string }[];
  readonly sets: readonly PhotoSet[];
}

const beside = (folder: string): string => fileURLToPath(new URL(`../../shared/${folder}`, import.meta.url));
const membersOfLfw = 16;

/** Where the weights are that are not ours to ship, or undefined. */
export function modelsDirectory(given = process.env.FACEKIT_MODELS ?? beside("models")): string | undefined {
  return existsSync(given) ? given : undefined;
}

/**
 * Photos and a gallery of those who are on them, the same on every run: from a folder laid out as the one of
 * benchmarks/test/accuracy.test.ts, else drawn into a temporary folder.
 */
export async function findPhotos(given = process.env.FACEKIT_FACES ?? beside("faces")): Promise<Photos> {
  return existsSync(join(given, "lfw-dev")) ? realPhotos(given) : drawnPhotos();
}

async function realPhotos(directory: string): Promise<Photos> {
  const lfw = join(directory, "lfw-dev");
  const pairs: [string, string][] = [];
  for (const person of (await readdir(lfw, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    const photos = (await imagesIn(join(lfw, person.name))).slice(0, 2);
    if (photos[0] && photos[1]) pairs.push([photos[0], photos[1]]);
    if (pairs.length === membersOfLfw) break;
  }
  const attendance = join(directory, "attendance");
  const enrolled = [];
  for (const member of (await readdir(join(attendance, "members"))).sort()) {
    enrolled.push(...(await imagesIn(join(attendance, "members", member))).slice(0, 1));
  }
  const groups = await imagesIn(join(directory, "groups"));
  return {
    source: "real",
    gallery: [...pairs.map(([first]) => first), ...enrolled].map((photo, i) => ({ memberId: `m${i}`, photo })),
    sets: [
      { name: "portraits", kind: "portrait", photos: pairs.map(([, second]) => second) },
      {
        name: "groups",
        kind: "group",
        // Of 2 to 8 faces and some 800 pixels.
        photos: [
          ...(await imagesIn(join(attendance, "groups"))),
          ...groups.filter((photo) => /01[0-6]_\d\.jpg$/.test(photo)),
        ],
      },
      // As they come from a camera, 12 and 20 million pixels.
      { name: "phone", kind: "portrait", photos: groups.filter((photo) => /00[24]_A\.jpg$/.test(photo)) },
    ],
  };
}

async function drawnPhotos(): Promise<Photos> {
  const directory = await mkdtemp(join(tmpdir(), "facekit-bench-photos-"));
  // They are read until the process ends.
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const keep = async (name: string, image: Uint8Array): Promise<string> => {
    const path = join(directory, `${name}.jpg`);
    await writeFile(path, image);
    return path;
  };
  const gallery = [];
  const portraits = [];
  for (const [i, { name, person }] of cast.members.entries()) {
    gallery.push({ memberId: name, photo: await keep(name, await drawPortrait(person, conditionsFromSeed(i + 1))) });
    portraits.push(await keep(`${name}-again`, await drawPortrait(person, conditionsFromSeed(i + 101))));
  }
  const groups = [];
  for (const people of [2, 4, 6, 8, 12]) {
    const participants = cast.members
      .slice(0, people)
      .map(({ person }, i) => ({ person, conditions: conditionsFromSeed(people * 20 + i) }));
    groups.push(await keep(`group-${people}`, (await drawGroupPhoto(participants)).image));
  }
  return {
    source: "drawn",
    gallery,
    sets: [
      { name: "portraits", kind: "portrait", photos: portraits },
      { name: "groups", kind: "group", photos: groups },
    ],
  };
}

async function imagesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /\.(?:jpe?g|png)$/i.test(name));
  return names.sort().map((name) => join(folder, name));
}
