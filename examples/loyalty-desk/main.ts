/**
 * A loyalty desk: members and purchases behind a members' API, faces here, and a welcome for who comes to the desk.
 *
 *   npm run example loyalty-desk             drawn people and a sample API of its own
 *   npm run example loyalty-desk -- draw DIR writes photos of drawn people into DIR, for `facekit` as in README.md
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startMembersApi } from "@facekit/conformance/members-api";
import type { Purchase, Welcome } from "@facekit/core";
import { cast, conditionsFromSeed, drawnDomainThresholds, drawPortrait } from "@facekit/drawn-people";
import { httpMemberSource } from "@facekit/members-http";
import { createFaceKit } from "@facekit/node";

const user = "desk";
const password = "open sesame";
/** Nets trained on photos see drawn people as relatives: their threshold is another. */
const threshold = drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold ?? 1;

export async function main([what, folder]: readonly string[], print: (line: string) => void): Promise<void> {
  if (what === "draw" && folder !== undefined) {
    for (const file of await draw(folder)) print(`drew ${file}`);
    return;
  }
  // Ada is a customer already; at the desk her face comes to it.
  await using api = await startMembersApi({
    user,
    password,
    members: [{ id: "ada", name: "Ada Okafor", createdAt: new Date("2025-03-01T09:30:00Z") }],
    purchases: {
      ada: [sale("r1", "espresso", 2, "5.00", "2025-03-01"), sale("r2", "espresso", -1, "-2.50", "2025-04-02")],
    },
  });
  const configuration = new URL("../members-api/members.json", import.meta.url);
  const members = httpMemberSource({
    ...JSON.parse(await readFile(configuration, "utf8")),
    baseUrl: `${api.url}/v1`,
    environment: { MEMBERS_API_USER: user, MEMBERS_API_PASSWORD: password },
  });
  await using faces = await createFaceKit({ members, threshold });

  await faces.register("ada", [await portrait("ada", 1), await portrait("ada", 2)]);
  // Bo is new: the registration makes the entry, too.
  await faces.register("bo", await portrait("bo", 3), { member: { name: "Bo Lind" } });
  await members.addPurchase("default", "bo", sale("r3", "green tea", 3, "9.60", "2025-05-01"));

  for (const name of ["ada", "bo", "mo"]) {
    print(greeting(await faces.welcome(await portrait(name, 9), { timeZone: "Europe/Berlin", deadlineMs: 2000 })));
  }
  let differences = 0;
  for await (const _ of faces.reconcile()) differences++;
  print(`faces and members: ${differences} differences`);
}

/** What the desk shows: each part may be missing by itself. */
function greeting({ identification, member, purchases }: Welcome): string {
  if (identification.status !== "ok" || identification.value.best === undefined) return "Welcome! We have not met.";
  const name = (member.status === "ok" && member.value.name) || identification.value.best.memberId;
  if (purchases.status !== "ok") return `Welcome, ${name}!`;
  const [favourite] = purchases.value.products;
  const spent = purchases.value.totals.map(({ total, currency }) => `${total} ${currency}`).join(", ");
  return `Welcome, ${name}! The usual ${favourite?.product ?? "nothing"}? So far: ${spent}`;
}

function sale(id: string, product: string, quantity: number, total: string, day: string): Purchase {
  return { id, product, quantity, total, currency: "EUR", at: new Date(`${day}T12:00:00Z`) };
}

async function portrait(name: string, picture: number): Promise<Buffer> {
  const someone = [...cast.members, ...cast.strangers].find((each) => each.name === name);
  if (someone === undefined) throw new Error(`There is no ${name} in the cast.`);
  return drawPortrait(someone.person, conditionsFromSeed(picture));
}

/** A folder of photos for each member whom the sample members' API knows, and who comes to the desk. */
async function draw(folder: string): Promise<string[]> {
  const photos = [
    ["members/ada/1.jpg", "ada", 1],
    ["members/ada/2.jpg", "ada", 2],
    ["members/cleo/1.jpg", "cleo", 3],
    ["ada-at-the-desk.jpg", "ada", 9],
    ["a-stranger.jpg", "mo", 9],
  ] as const;
  for (const [file, name, picture] of photos) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await portrait(name, picture));
  }
  return photos.map(([file]) => join(folder, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2), console.log);
