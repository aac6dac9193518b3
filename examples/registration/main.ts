/**
 * A sign-up desk: registers members, and turns away photos that will not do and faces that are known already.
 *
 *   npm run example registration                  drawn people
 *   npm run example registration -- DIR [STORE]   your photos: in DIR a folder for each member, with photos of that
 *                                                 member alone; kept in the SQLite file STORE, else in memory
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cast, conditionsFromSeed, drawGroupPhoto, drawnDomainThresholds, drawPortrait } from "@facekit/drawn-people";
import { createFaceKit, type ImageInput, isFaceKitError } from "@facekit/node";

interface Application {
  readonly memberId: string;
  readonly photos: readonly ImageInput[];
}

export interface Outcome {
  readonly registered: readonly string[];
  /** Who was turned away, and with which error code. */
  readonly refused: Readonly<Record<string, string>>;
}

export async function main([folder, store]: readonly string[], print: (line: string) => void): Promise<Outcome> {
  const applications = folder === undefined ? await drawnApplications() : await readApplications(folder);
  // Nets trained on photos see drawn people as relatives: their threshold is another.
  const threshold =
    folder === undefined ? drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold : undefined;
  await using faces = await createFaceKit({
    ...(store === undefined ? {} : { store }),
    ...(threshold === undefined ? {} : { threshold }),
  });

  const refused: Record<string, string> = {};
  for (const { memberId, photos } of applications) {
    try {
      const { templateIds } = await faces.register(memberId, photos, { refuseKnownFaces: true });
      print(`${memberId}: registered from ${templateIds.length} photos`);
    } catch (error) {
      if (!isFaceKitError(error)) throw error;
      refused[memberId] = error.code;
      print(`${memberId}: refused. ${error.message}`);
    }
  }
  const registered: string[] = [];
  for await (const { memberId } of faces.enrolled()) registered.push(memberId);
  print(`enrolled: ${registered.join(", ")}`);
  return { registered, refused };
}

async function readApplications(folder: string): Promise<Application[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        const files = (await readdir(join(folder, name))).filter((file) => /\.(jpe?g|png|webp|avif)$/i.test(file));
        return { memberId: name, photos: files.sort().map((file) => join(folder, name, file)) };
      }),
  );
}

/** Three who may join, one who has joined already, and two whose photos will not do. */
async function drawnApplications(): Promise<Application[]> {
  const people = cast.members.slice(0, 3);
  const applications = people.map(async ({ name, person }, i) => ({
    memberId: name,
    photos: await Promise.all([1, 2].map((n) => drawPortrait(person, conditionsFromSeed(10 * i + n)))),
  }));
  const participants = people.map(({ person }, i) => ({ person, conditions: conditionsFromSeed(50 + i) }));
  const { image: group } = await drawGroupPhoto(participants);
  const blank = { data: new Uint8Array(400 * 400 * 3).fill(200), width: 400, height: 400, channels: 3 } as const;
  const again = (await applications[0])?.photos.slice(0, 1) ?? [];
  const others = Object.entries({ "joined-before": again, "photo-of-three": [group], "photo-of-nobody": [blank] });
  return [...(await Promise.all(applications)), ...others.map(([memberId, photos]) => ({ memberId, photos }))];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2), console.log);
