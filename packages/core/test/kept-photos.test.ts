import {
  createFlows,
  FaceKitError,
  type KeptPhoto,
  type MemberSource,
  memoryMemberSource,
  memoryPhotoStore,
} from "@facekit/core";
import { describe, expect, test } from "vitest";
import { fileOf, photoOf, toyFaceIndex } from "./toy-recognition.js";

const newKit = (options: object = {}) => {
  const photos = memoryPhotoStore();
  const members = memoryMemberSource();
  return { photos, members, kit: createFlows({ index: toyFaceIndex(), members, photos, ...options }) };
};
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const idsOf = (photos: readonly KeptPhoto[]): string[] => photos.map(({ id }) => id);

describe("photos", () => {
  test("are kept as they were given, under the ids of their templates", async () => {
    const { kit, photos } = newKit();
    const files = [fileOf(1), fileOf(1)];
    const { templateIds } = await kit.register("ada", files);
    expect(idsOf(await all(photos.list("default")))).toEqual([...templateIds].sort());
    for (const [i, id] of templateIds.entries()) {
      expect(await photos.get("default", "ada", id)).toEqual(files[i]);
    }
  });

  test("nothing is kept of a refused registration, nor where the call or the kit says so", async () => {
    const { kit, photos } = newKit();
    await expect(kit.register("ada", [fileOf(1), fileOf()])).rejects.toMatchObject({ code: "no-face" });
    await kit.register("ada", [fileOf(1), photoOf(1)], { keepPhotos: false });
    expect(await all(photos.list("default"))).toEqual([]);
    await createFlows({ index: toyFaceIndex() }).register("ada", fileOf(1));
  });

  test("a file is read once, by the reader that was given, and keeps its name in errors", async () => {
    const read: unknown[] = [];
    const { kit, photos } = newKit({
      readPhoto: async (photo: unknown) => {
        read.push(photo);
        return photo === "empty.jpg" ? fileOf() : fileOf(1);
      },
    });
    await kit.register("ada", "ada.jpg");
    expect(read).toEqual(["ada.jpg"]);
    expect(await all(photos.list("default"))).toHaveLength(1);
    await expect(kit.register("bo", "empty.jpg")).rejects.toMatchObject({ details: { photo: "empty.jpg" } });
  });

  test("what cannot be kept is refused before anything is written", async () => {
    const { kit, members } = newKit();
    await expect(kit.register("ada", photoOf(1))).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(kit.register("ada", "ada.jpg")).rejects.toMatchObject({ code: "invalid-argument" });
    expect(await all(kit.enrolled())).toEqual([]);
    expect(await members.get("default", "ada")).toBeUndefined();
  });

  test("of a new member that matchOrRegister made, and not of one who was known", async () => {
    const { kit, photos } = newKit();
    const options = { newMemberId: () => "ada" };
    await kit.matchOrRegister(fileOf(1), options);
    await kit.matchOrRegister(fileOf(1), options);
    expect(await all(photos.list("default"))).toHaveLength(1);
  });

  test("go when the member is forgotten, in that namespace alone", async () => {
    const { kit, photos } = newKit();
    await kit.register("ada", fileOf(1));
    await kit.register("ada", fileOf(1), { namespace: "other" });
    await kit.register("bo", fileOf(2));
    await kit.forget("ada");
    expect((await all(photos.list("default"))).map(({ memberId }) => memberId)).toEqual(["bo"]);
    expect(await all(photos.list("other"))).toHaveLength(1);
  });

  test("a store that fails leaves a face without an entry, which may be registered again", async () => {
    const photos = memoryPhotoStore();
    let broken = true;
    const failing = {
      ...photos,
      put: async (...args: Parameters<typeof photos.put>) => {
        if (broken) throw new FaceKitError("service-unavailable", "down");
        return photos.put(...args);
      },
    };
    const { kit, members } = newKit({ photos: failing });
    await expect(kit.register("ada", fileOf(1))).rejects.toMatchObject({ code: "service-unavailable" });
    expect(await members.get("default", "ada")).toBeUndefined();
    expect(await all(kit.enrolled())).toMatchObject([{ memberId: "ada", templates: 1 }]);
    broken = false;
    await kit.register("ada", fileOf(1));
    expect(await members.get("default", "ada")).toMatchObject({ id: "ada" });
  });
});

describe("a member's entry", () => {
  /** A source at which somebody else writes between the flow's reading and writing. */
  const disturbed = (members: MemberSource, other: () => Promise<void>): MemberSource => ({
    ...members,
    async get(...args) {
      const member = await members.get(...args);
      await other();
      return member;
    },
  });

  test("loses nothing that others write while faces are added", async () => {
    const members = memoryMemberSource();
    await newKit({ members }).kit.register("ada", fileOf(1), { member: { name: "Ada", email: "old@example.org" } });
    const other = () => members.merge?.("default", { id: "ada", phone: "1", email: "new@example.org" });
    const { kit } = newKit({ members: disturbed(members, async () => other()) });
    await kit.register("ada", fileOf(1), { member: { name: "Ada Okafor" } });
    const entry = { name: "Ada Okafor", email: "new@example.org", phone: "1" };
    expect(await members.get("default", "ada")).toMatchObject(entry);
  });

  test("loses nothing that others write who make it at the same time", async () => {
    const members = memoryMemberSource();
    const other = disturbed(members, () => members.put("default", { id: "ada", name: "Ada", phone: "1" }));
    await newKit({ members: other }).kit.register("ada", fileOf(1), { member: { email: "ada@example.org" } });
    const entry = { name: "Ada", email: "ada@example.org", phone: "1" };
    expect(await members.get("default", "ada")).toMatchObject(entry);
  });

  test("keeps what is known where the source can only put it whole", async () => {
    const { merge: _, ...members } = memoryMemberSource();
    const { kit } = newKit({ members });
    const createdAt = new Date(0);
    await members.put("default", { id: "ada", name: "Ada", phone: "1", createdAt });
    await kit.register("ada", fileOf(1), { member: { name: "Ada Okafor" } });
    const entry = { name: "Ada Okafor", phone: "1", createdAt };
    expect(await members.get("default", "ada")).toMatchObject(entry);
  });
});

describe("a member's faces", () => {
  test("are noted in a source that keeps such notes, and added to when photos are", async () => {
    const { kit, members } = newKit();
    const first = await kit.register("ada", fileOf(1), { member: { name: "Ada" } });
    const second = await kit.register("ada", [fileOf(1), fileOf(1)]);
    const faceIds = [...first.templateIds, ...second.templateIds].sort();
    expect(await members.get("default", "ada")).toMatchObject({ name: "Ada", faceIds });
    expect(await all(kit.enrolled())).toMatchObject([{ templateIds: faceIds }]);
  });
});
