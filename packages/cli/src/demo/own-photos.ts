import { join } from "node:path";
import { readFolder, readMembers } from "../photos.js";
import type { Shell } from "../shell.js";
import type { DemoMember, Impostor, Material } from "./material.js";

/**
 * The user's own photos: a folder of each member, and group photos beside these folders. Instead, the members' folders
 * may lie in `members/` and the group photos in `groups/`.
 */
export async function ownPhotos(shell: Shell, directory: string): Promise<Material> {
  const root = await readFolder(shell, directory);
  const sorted = root.folders.includes("members");
  const photos = await readMembers(shell, sorted ? join(directory, "members") : directory);
  const groups =
    sorted && root.folders.includes("groups") ? (await readFolder(shell, join(directory, "groups"))).photos : [];
  const members = [...photos].map(([memberId, all]): DemoMember => {
    const kept = Math.max(1, all.length - 1);
    return { memberId, enrol: all.slice(0, kept), probes: all.slice(kept) };
  });
  return {
    members,
    impostors: impostorsAmong(members),
    groups: [...root.photos, ...groups].map((path) => ({ path })),
  };
}

/** There are no strangers among one's own photos, so each member claims to be the next one. */
function impostorsAmong(members: readonly DemoMember[]): Impostor[] {
  if (members.length < 2) return [];
  return members.flatMap(({ probes }, i) => {
    const claims = members[(i + 1) % members.length]?.memberId;
    return claims === undefined ? [] : probes.map((picture) => ({ picture, claims }));
  });
}
