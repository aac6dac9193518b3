import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Progress } from "@facekit/core";
import {
  type CastMember,
  cast,
  conditionsFromSeed,
  drawGroupPhoto,
  drawnDomainThresholds,
  drawPortrait,
} from "@facekit/drawn-people";
import { resolvePack } from "@facekit/models";
import type { DemoMember, GroupPicture, Impostor, Material } from "./material.js";

const registeredPictures = 3;
const newPictures = 3;

/** Who stands in each group photo, by their places in the cast. */
const groupPhotos = [
  { members: [0, 1, 2, 3, 4, 5], strangers: [] },
  { members: [6, 7, 8, 9, 10], strangers: [0] },
  { members: [11, 2, 7, 5, 8, 0, 9, 3], strangers: [] },
] as const;

/** The threshold that was calibrated on drawn people for this pack, if one was. */
export function drawnThreshold(pack: string): number | undefined {
  return drawnDomainThresholds[resolvePack(pack).embedder.space.id]?.threshold;
}

/** Draws the cast into the folder: the same pictures every time. */
export async function drawnPeople(folder: string, report: (progress: Progress) => void): Promise<Material> {
  const total = cast.members.length + cast.strangers.length + groupPhotos.length;
  let done = 0;
  const drawn = (): void => report({ task: "drawing people", done: ++done, total });
  // No two pictures are taken under the same conditions.
  let seed = 1000;
  const portraits = ({ person }: CastMember, name: string, count: number): Promise<string[]> => {
    const conditions = Array.from({ length: count }, () => conditionsFromSeed(seed++));
    return Promise.all(
      conditions.map(async (taken, i) => save(join(folder, `${name}${i + 1}.jpg`), await drawPortrait(person, taken))),
    );
  };

  const members: DemoMember[] = [];
  for (const member of cast.members) {
    const enrol = await portraits(member, `members/${member.name}/`, registeredPictures);
    const probes = await portraits(member, `new-pictures/${member.name}-`, newPictures);
    members.push({ memberId: member.name, enrol, probes });
    drawn();
  }
  const impostors: Impostor[] = [];
  for (const stranger of cast.strangers) {
    const pictures = await portraits(stranger, `strangers/${stranger.name}-`, 1);
    impostors.push(...pictures.map((picture) => ({ picture })));
    drawn();
  }
  const groups: GroupPicture[] = [];
  for (const [i, { members, strangers }] of groupPhotos.entries()) {
    const known = members.flatMap((place) => cast.members[place] ?? []);
    const unknown = strangers.flatMap((place) => cast.strangers[place] ?? []);
    const present = [...known, ...unknown];
    const photo = await drawGroupPhoto(
      present.map(({ person }) => ({ person, conditions: conditionsFromSeed(seed++) })),
      { scene: conditionsFromSeed(seed++) },
    );
    const path = await save(join(folder, `groups/group-${i + 1}.jpg`), photo.image);
    const people = photo.people.map(({ index, box }) => ({
      memberId: index < known.length ? (known[index]?.name ?? null) : null,
      box,
    }));
    groups.push({ path, people });
    drawn();
  }
  return { members, impostors, groups };
}

async function save(path: string, image: Buffer): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, image);
  return path;
}
