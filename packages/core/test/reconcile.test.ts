import {
  createFlows,
  type Difference,
  describeDifference,
  type FaceIndex,
  FaceKitError,
  type MemberSource,
  memoryFaceRecords,
  memoryMemberSource,
  memoryPhotoStore,
  memoryVisitLog,
  type PhotoStore,
  type ReconcileFlowOptions,
  reconcile,
  type StrayFace,
} from "@facekit/core";
import { beforeEach, describe, expect, test } from "vitest";
import { fileOf, photoOf, toyFaceIndex } from "./toy-recognition.js";

const n = "default";
let index: FaceIndex;
let members: MemberSource;
let photos: PhotoStore;
let strays: StrayFace[];

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** As `reconcile`, where nothing is too young. */
async function run(options: ReconcileFlowOptions = {}, parts: object = {}): Promise<Difference[]> {
  return all(reconcile({ namespace: n, index, members, photos, graceMs: 0, ...options, ...parts }));
}

const shortOf = (found: readonly Difference[]): string[] =>
  found.map(
    (each) => `${each.kind} ${"memberId" in each ? each.memberId : each.stray.id}: ${each.repair} ${each.outcome}`,
  );
const enrol = async (memberId: string, person = 1): Promise<string[]> =>
  (await index.enrol(n, memberId, await index.probe(photoOf(person)))).templateIds;
const facesOf = async (): Promise<string[]> => (await all(index.members(n))).map(({ memberId }) => memberId);
const entriesOf = async (): Promise<string[]> => (await all(members.list(n))).map(({ id }) => id);
const photosOf = async (): Promise<string[]> => (await all(photos.list(n))).map(({ memberId }) => memberId);

beforeEach(async () => {
  strays = [];
  index = {
    ...toyFaceIndex(),
    strays: {
      async *list() {
        yield* [...strays];
      },
      async delete(_, ids) {
        const before = strays.length;
        strays = strays.filter(({ id }) => !ids.includes(id));
        return before - strays.length;
      },
    },
  };
  members = memoryMemberSource();
  photos = memoryPhotoStore();
  const kit = createFlows({ index, members, photos });
  for (const [i, memberId] of ["ada", "bo", "cy"].entries()) await kit.register(memberId, fileOf(i + 1));
});

/** One difference of every kind, and two of some. */
async function disagree(): Promise<void> {
  await enrol("orphan", 5);
  await enrol("zoe", 6);
  await photos.put(n, "zoe", "1", new Uint8Array([1]));
  await photos.put(n, "nobody", "1", new Uint8Array([1]));
  await photos.put(n, "nobody", "2", new Uint8Array([1]));
  await members.put(n, { id: "customer" });
  await members.linkFaces?.(n, "bo", ["wrong"], { mode: "set" });
  await enrol("cy", 3);
  strays = [
    { id: "s1", why: "no-member", memberId: "dan" },
    { id: "s2", why: "other-space" },
  ];
}

const planned = [
  "wrong-face-ids bo: link-faces planned",
  "member-without-faces customer: none left",
  "wrong-face-ids cy: link-faces planned",
  "orphaned-photos nobody: delete-photos planned",
  "orphaned-faces orphan: delete-faces planned",
  "orphaned-faces zoe: delete-faces planned",
  "stray-face s1: delete-stray planned",
  "stray-face s2: none left",
];

describe("the plan", () => {
  test("is empty where all agree", async () => {
    const reconciliation = reconcile({ namespace: n, index, members, photos });
    expect(await all(reconciliation)).toEqual([]);
    expect(reconciliation.counts).toMatchObject({ enrolled: 3, members: 3, photos: 3, strays: 0 });
  });

  test("tells every difference by member id, and writes nothing", async () => {
    await disagree();
    expect(shortOf(await run())).toEqual(planned);
    expect(shortOf(await run())).toEqual(planned);
  });

  test("is for people, too", async () => {
    await disagree();
    const today = new Date().toISOString().slice(0, 10);
    expect((await run()).map(describeDifference)).toEqual([
      'Member "bo" is noted with 1 face and has 1, not the same: to be noted anew.',
      'Member "customer" has no face: left as it is.',
      'Member "cy" is noted with 1 face and has 2, not the same: to be noted anew.',
      '2 photos of "nobody", who has neither faces nor an entry: to be deleted.',
      `1 face of "orphan", from ${today}, but no such member: to be deleted.`,
      `1 face and 1 photo of "zoe", from ${today}, but no such member: to be deleted.`,
      'Face "s1" meant for "dan" never became a member\'s: to be deleted.',
      'Face "s2" was made by other models: left as it is.',
    ]);
  });

  test("without members only photos are judged, and without photos only faces and members", async () => {
    await disagree();
    strays = [];
    expect(shortOf(await run({}, { members: undefined }))).toEqual(["orphaned-photos nobody: delete-photos planned"]);
    expect((await run({}, { photos: undefined })).some(({ kind }) => kind === "orphaned-photos")).toBe(false);
  });

  test("counts and tells progress", async () => {
    await disagree();
    const progress: number[] = [];
    const reconciliation = reconcile({
      namespace: n,
      index,
      members,
      photos,
      graceMs: 0,
      onProgress: ({ done }) => progress.push(done),
    });
    await all(reconciliation);
    expect(reconciliation.counts).toEqual({
      enrolled: 5,
      members: 4,
      photos: 6,
      strays: 2,
      differences: {
        "orphaned-faces": 2,
        "member-without-faces": 1,
        "orphaned-photos": 1,
        "wrong-face-ids": 2,
        "stray-face": 2,
      },
      outcomes: { planned: 6, repaired: 0, left: 2, waiting: 0, gone: 0, failed: 0 },
    });
    expect(progress).toEqual([17]);
  });
});

describe("apply", () => {
  test("repairs all but what is nobody's fault, and finds nothing more to do", async () => {
    await disagree();
    expect(shortOf(await run({ apply: true })).sort()).toEqual(
      planned.map((line) => line.replace("planned", "repaired")).sort(),
    );
    expect(await facesOf()).toEqual(["ada", "bo", "cy"]);
    expect(await photosOf()).toEqual(["ada", "bo", "cy"]);
    const left = ["member-without-faces customer: none left", "stray-face s2: none left"];
    expect(shortOf(await run({ apply: true }))).toEqual(left);
    expect(
      shortOf(await run({ apply: true, deleteMembersWithoutFaces: true, deleteFacesOfOtherModels: true })),
    ).toEqual(["member-without-faces customer: delete-member repaired", "stray-face s2: delete-stray repaired"]);
    expect(await entriesOf()).toEqual(["ada", "bo", "cy"]);
    expect(await run()).toEqual([]);
  });

  test("creates members again from what is given, with their photos and faces", async () => {
    const templateIds = await enrol("zoe", 6);
    await enrol("orphan", 5);
    await photos.put(n, "zoe", "1", new Uint8Array([1]));
    const newMember = ({ memberId }: { memberId: string }) => (memberId === "zoe" ? { name: "Zoe" } : undefined);
    expect(shortOf(await run({ apply: true, newMember }))).toEqual([
      "orphaned-faces orphan: delete-faces repaired",
      "orphaned-faces zoe: create-member repaired",
    ]);
    expect(await members.get(n, "zoe")).toMatchObject({
      name: "Zoe",
      faceIds: templateIds,
      createdAt: expect.any(Date),
    });
    expect(await photosOf()).toContain("zoe");
    expect(await run()).toEqual([]);
  });

  test("what an entry has that comes at the same time stays, where the source can merge", async () => {
    await enrol("zoe", 6);
    const racing: MemberSource = {
      ...members,
      async get(...args) {
        const entry = await members.get(...args);
        await members.put(n, { id: "zoe", email: "zoe@example.org" });
        return entry;
      },
    };
    await run({ apply: true, newMember: () => ({ name: "Zoe" }) }, { members: racing });
    expect(await members.get(n, "zoe")).toMatchObject({ name: "Zoe", email: "zoe@example.org" });
  });

  test("may be broken off after each difference, and run again", async () => {
    await disagree();
    let read = 0;
    for (let after = 1; after <= planned.length; after++) {
      read = 0;
      for await (const _ of reconcile({ namespace: n, index, members, photos, graceMs: 0, apply: true })) {
        if (++read === after) break;
      }
    }
    expect(shortOf(await run())).toEqual(["member-without-faces customer: none left", "stray-face s2: none left"]);
    expect(await facesOf()).toEqual(["ada", "bo", "cy"]);
  });

  test("repeats a repair that a server asks to repeat, and ends with one that fails", async () => {
    await enrol("orphan", 5);
    let failures = 2;
    const failing = (retryable: boolean): FaceIndex => ({
      ...index,
      deleteMember: async (...args) => {
        if (failures-- > 0) throw new FaceKitError("service-unavailable", "slow down", { retryable, retryAfterMs: 1 });
        return index.deleteMember(...args);
      },
    });
    await expect(run({ apply: true }, { index: failing(false) })).rejects.toMatchObject({
      code: "service-unavailable",
    });
    failures = 2;
    expect(shortOf(await run({ apply: true }, { index: failing(true) }))).toEqual([
      "orphaned-faces orphan: delete-faces repaired",
    ]);
  });
});

describe("what is not an orphan is never deleted", () => {
  test("while a registration is at work: it waits for the grace period", async () => {
    await disagree();
    const found = shortOf(await run({ apply: true, graceMs: 60_000, deleteMembersWithoutFaces: true }));
    expect(found.filter((line) => !line.endsWith("waiting"))).toEqual(["stray-face s2: none left"]);
    expect(found).toHaveLength(planned.length);
    expect(await facesOf()).toEqual(["ada", "bo", "cy", "orphan", "zoe"]);
    expect((await members.get(n, "bo"))?.faceIds).toEqual(["wrong"]);
  });

  test("when the entry comes between the look and the repair", async () => {
    await enrol("dan", 5);
    const late: MemberSource = {
      ...members,
      async *list(...args) {
        yield* members.list(...args);
        await members.put(n, { id: "dan" });
      },
    };
    expect(shortOf(await run({ apply: true }, { members: late }))).toEqual(["orphaned-faces dan: delete-faces gone"]);
    expect(await facesOf()).toContain("dan");
  });

  test("when faces come between the look and the repair", async () => {
    await photos.put(n, "dan", "1", new Uint8Array([1]));
    await members.put(n, { id: "eve" });
    const late: FaceIndex = {
      ...index,
      async *members(...args) {
        yield* index.members(...args);
        for (const id of ["dan", "eve"]) if (!(await facesOf()).includes(id)) await enrol(id, 7);
      },
    };
    expect(shortOf(await run({ apply: true, deleteMembersWithoutFaces: true }, { index: late }))).toEqual([
      "orphaned-photos dan: delete-photos gone",
      "member-without-faces eve: delete-member gone",
    ]);
    expect([await photosOf(), await entriesOf()]).toEqual([
      ["ada", "bo", "cy", "dan"],
      ["ada", "bo", "cy", "eve"],
    ]);
  });

  const disorder = async function* <T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    const [first, second, ...others] = await all(items);
    if (first !== undefined && second !== undefined) yield* [first, ...others.slice(0, 1), second, ...others.slice(1)];
  };
  test.each(["members", "index", "photos"])("where %s give another order: that is refused", async (part) => {
    const disordered = {
      members: { ...members, list: () => disorder(members.list(n)) },
      index: { ...index, members: () => disorder(index.members(n)) },
      photos: { ...photos, list: () => disorder(photos.list(n)) },
    };
    const parts = Object.fromEntries(Object.entries(disordered).filter(([name]) => name === part));
    const options = { apply: true, deleteMembersWithoutFaces: true };
    await expect(run(options, parts)).rejects.toMatchObject({ code: "not-supported", message: /order/ });
    expect([await facesOf(), await entriesOf(), await photosOf()]).toEqual(Array(3).fill(["ada", "bo", "cy"]));
  });

  const down = new FaceKitError("service-unavailable", "down", { retryable: true });
  const breaking = async function* <T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      yield item;
      throw down;
    }
  };
  test.each(["members", "index", "photos"])("where %s fail midway: that ends it", async (part) => {
    const broken = {
      members: { ...members, list: () => breaking(members.list(n)) },
      index: { ...index, members: () => breaking(index.members(n)) },
      photos: { ...photos, list: () => breaking(photos.list(n)) },
    };
    const parts = Object.fromEntries(Object.entries(broken).filter(([name]) => name === part));
    await expect(run({ apply: true, deleteMembersWithoutFaces: true }, parts)).rejects.toBe(down);
    expect([await facesOf(), await entriesOf(), await photosOf()]).toEqual(Array(3).fill(["ada", "bo", "cy"]));
  });

  test("where a source answers with half of its members, as if there were no more", async () => {
    const half: MemberSource = {
      ...members,
      async *list(...args) {
        for await (const member of members.list(...args)) {
          yield member;
          return;
        }
      },
    };
    expect(shortOf(await run({ apply: true }, { members: half }))).toEqual([
      "orphaned-faces bo: delete-faces gone",
      "orphaned-faces cy: delete-faces gone",
    ]);
    expect(await facesOf()).toEqual(["ada", "bo", "cy"]);
  });

  const mass = { code: "namespace-not-found", message: /allowMassDeletion/ };

  test("where the source is another's, empty or with few of these members: that is refused, unless it is said", async () => {
    for (let i = 0; i < 20; i++) await enrol(`more ${i}`, 5);
    const empty = { members: memoryMemberSource(), photos: undefined };
    await expect(run({ apply: true }, empty)).rejects.toMatchObject(mass);
    // Three belong together, and twenty faces would go.
    await expect(run({ apply: true })).rejects.toMatchObject(mass);
    const one = ({ memberId }: { memberId: string }) => (memberId === "more 0" ? {} : undefined);
    await expect(run({ apply: true, newMember: one })).rejects.toMatchObject(mass);
    expect(await facesOf()).toHaveLength(23);
    expect(await entriesOf()).toHaveLength(3);
    expect(await run({}, empty)).toHaveLength(23);
    for (let i = 0; i < 10; i++) await index.deleteMember(n, `more ${i}`);
    expect(await run({ apply: true })).toHaveLength(10);
    expect(await facesOf()).toEqual(["ada", "bo", "cy"]);
    expect(await run({ apply: true, allowMassDeletion: true }, empty)).toHaveLength(3);
    expect(await facesOf()).toEqual([]);
  });

  test("where not one member of the source has faces, however few there are: that is refused", async () => {
    await expect(run({ apply: true }, { members: memoryMemberSource() })).rejects.toMatchObject(mass);
    expect(await facesOf()).toEqual(["ada", "bo", "cy"]);
    // Nothing is deleted by this, so nothing is refused.
    const source = memoryMemberSource();
    expect(shortOf(await run({ apply: true, newMember: () => ({}) }, { members: source }))).toHaveLength(3);
    expect(await source.get(n, "ada")).toMatchObject({ id: "ada" });
  });

  test("where the photos are those of another shop: that is refused, unless it is said", async () => {
    const theirs = memoryPhotoStore();
    for (let i = 0; i < 11; i++) await theirs.put(n, `theirs ${i}`, "1", new Uint8Array([1]));
    // Faces and entries agree for more members than there are photos.
    for (let i = 0; i < 20; i++) {
      await members.put(n, { id: `more ${i}` });
      await members.linkFaces?.(n, `more ${i}`, await enrol(`more ${i}`, 5), { mode: "add" });
    }
    await expect(run({ apply: true }, { photos: theirs })).rejects.toMatchObject(mass);
    expect(await all(theirs.list(n))).toHaveLength(11);
    // Ten may be left of erasures.
    await theirs.deleteMember(n, "theirs 0");
    expect(await run({ apply: true }, { photos: theirs })).toHaveLength(10);
    for (let i = 0; i < 11; i++) await theirs.put(n, `theirs ${i}`, "1", new Uint8Array([1]));
    expect(await run({ apply: true, allowMassDeletion: true }, { photos: theirs })).toHaveLength(11);
  });

  test("where each face is a stray and no member has one, as when a collection lost its users: that is refused", async () => {
    const lost = { index: { ...toyFaceIndex(), ...(index.strays && { strays: index.strays }) }, photos: undefined };
    const unlinked = { ...lost, members: memoryMemberSource() };
    strays = Array.from({ length: 11 }, (_, i) => ({ id: `s${i}`, why: "no-member" }));
    await expect(run({ apply: true }, unlinked)).rejects.toMatchObject(mass);
    expect(strays).toHaveLength(11);
    strays.pop();
    expect(await run({ apply: true }, unlinked)).toHaveLength(10);
  });

  /** So many members of the index; those whose id has the prefix of known ones have an entry. */
  const crowd = (counts: Readonly<Record<string, number>>, known: string) => {
    const ids = Object.entries(counts).flatMap(([prefix, count]) =>
      Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, "0")}`),
    );
    const gone = new Set<string>();
    const at = new Date(0);
    const faces: FaceIndex = {
      ...toyFaceIndex(),
      async *members() {
        for (const memberId of ids)
          if (!gone.has(memberId)) yield { memberId, templates: 1, enrolledAt: at, lastEnrolledAt: at };
      },
      deleteMember: async (_, memberId) => Number(gone.size < gone.add(memberId).size),
    };
    const source: MemberSource = {
      ...memoryMemberSource(),
      async *list() {
        for (const id of ids) if (id.startsWith(known)) yield { id };
      },
      get: async () => undefined,
    };
    return { gone, parts: { index: faces, members: source, photos: undefined } };
  };

  test("where that is seen only after 10,000: nothing is deleted before it is known", async () => {
    const { gone, parts } = crowd({ a: 10_300, b: 20_600 }, "a");
    await expect(run({ apply: true }, parts)).rejects.toMatchObject(mass);
    expect(gone.size).toBe(0);
  });

  test("but 10,000 that come before those who agree are no reason", async () => {
    const { gone, parts } = crowd({ import: 10_300, member: 10_400 }, "member");
    expect(await run({ apply: true }, parts)).toHaveLength(10_300);
    expect(gone.size).toBe(10_300);
  });

  test("where the faces outlive a restart and the members do not: that is refused", async () => {
    const lasting = { ...index, capabilities: { ...index.capabilities, persistent: true } };
    // After a restart with the memory of before: two are new, and all three others would be taken for orphans.
    const kit = createFlows({ index: lasting, members: memoryMemberSource() });
    for (const [i, memberId] of ["dan", "eve", "fay", "gus"].entries()) await kit.register(memberId, fileOf(i + 4));
    expect(await all(kit.reconcile({ graceMs: 0 }))).toHaveLength(3);
    expect(() => kit.reconcile({ graceMs: 0, apply: true })).toThrow(/after a restart/);
    expect(await facesOf()).toHaveLength(7);
  });

  test("where the index is empty, as that of another file would be: that is refused, unless it is said", async () => {
    const empty = { index: { ...toyFaceIndex(), ...(index.strays && { strays: index.strays }) } };
    const before = await members.get(n, "bo");
    strays = [{ id: "s2", why: "other-space" }];
    await expect(run({ apply: true }, empty)).rejects.toMatchObject(mass);
    await expect(run({ apply: true, deleteMembersWithoutFaces: true }, empty)).rejects.toMatchObject(mass);
    await expect(run({ apply: true }, { ...empty, members: undefined })).rejects.toMatchObject(mass);
    const ofOthers = { apply: true, deleteFacesOfOtherModels: true };
    await expect(run(ofOthers, { ...empty, members: undefined, photos: undefined })).rejects.toMatchObject(mass);
    expect(await members.get(n, "bo")).toEqual(before);
    expect([await entriesOf(), await photosOf(), strays.length]).toEqual([["ada", "bo", "cy"], ["ada", "bo", "cy"], 1]);
    await run({ apply: true, deleteMembersWithoutFaces: true, allowMassDeletion: true }, empty);
    expect([await entriesOf(), await photosOf()]).toEqual([[], []]);
  });

  /** The index as if all had been enrolled long ago, but for those whose last face is of now. */
  const aged = (...again: readonly string[]): FaceIndex => ({
    ...index,
    async *members(...args) {
      for await (const member of index.members(...args)) {
        const old = { ...member, enrolledAt: new Date(0), lastEnrolledAt: new Date(0) };
        yield again.includes(member.memberId) ? { ...old, lastEnrolledAt: new Date() } : old;
      }
    },
  });

  test("while a registration is repeated: the newest face tells, and not the first", async () => {
    await enrol("dan", 5);
    await enrol("eve", 6);
    const found = await run({ apply: true, graceMs: 60_000 }, { index: aged("dan") });
    expect(shortOf(found)).toEqual([
      "orphaned-faces dan: delete-faces waiting",
      "orphaned-faces eve: delete-faces repaired",
    ]);
    expect(await facesOf()).toContain("dan");
  });

  /** The index, in which something happens when it is read for the second time. */
  const betweenLooks = (over: FaceIndex, happens: () => Promise<unknown>): FaceIndex => {
    let looks = 0;
    return {
      ...over,
      async *members(...args) {
        if (++looks === 2) await happens();
        yield* over.members(...args);
      },
    };
  };

  test("when the registration is repeated, or its entry comes, after the first look", async () => {
    await enrol("dan", 5);
    await enrol("eve", 6);
    const again: string[] = [];
    const registered = {
      ...index,
      members: (...args: Parameters<FaceIndex["members"]>) => aged(...again).members(...args),
    };
    const over = betweenLooks(registered, async () => {
      again.push("dan");
      await members.put(n, { id: "eve" });
    });
    expect(shortOf(await run({ apply: true, graceMs: 60_000 }, { index: over }))).toEqual([
      "orphaned-faces dan: delete-faces waiting",
      "orphaned-faces eve: delete-faces gone",
    ]);
    expect(await facesOf()).toEqual(["ada", "bo", "cy", "dan", "eve"]);
  });

  test("when a face comes after the first look: its note stays", async () => {
    await members.linkFaces?.(n, "ada", ["wrong"], { mode: "set" });
    await members.linkFaces?.(n, "bo", ["wrong"], { mode: "add" });
    const faceIds: string[] = [];
    const over = betweenLooks(index, async () => {
      faceIds.push(...(await enrol("ada", 1)));
      await members.linkFaces?.(n, "bo", await enrol("bo", 2), { mode: "add" });
    });
    expect(shortOf(await run({ apply: true }, { index: over }))).toEqual([
      "wrong-face-ids ada: link-faces repaired",
      "wrong-face-ids bo: link-faces gone",
    ]);
    expect((await members.get(n, "ada"))?.faceIds).toEqual(expect.arrayContaining(faceIds));
    expect((await members.get(n, "bo"))?.faceIds).toHaveLength(3);
  });

  test("when a customer enrols, or is noted with a face, while others are deleted", async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `d${String(i).padStart(3, "0")}`);
    for (const id of ids) await members.put(n, { id, createdAt: new Date(0) });
    let deleted = 0;
    const late: MemberSource = {
      ...members,
      async delete(...args) {
        if (++deleted === 1) {
          await members.linkFaces?.(n, "d020", ["elsewhere"], { mode: "add" });
          await enrol("d290", 7);
        }
        return members.delete(...args);
      },
    };
    const options = { apply: true, deleteMembersWithoutFaces: true, allowMassDeletion: true };
    const found = shortOf(await run(options, { members: late }));
    expect(found.filter((line) => !line.endsWith("repaired"))).toEqual([
      "member-without-faces d020: delete-member gone",
      "member-without-faces d290: delete-member gone",
    ]);
    expect(await entriesOf()).toEqual(["ada", "bo", "cy", "d020", "d290"]);
  });

  test("where nobody knows how old it is", async () => {
    await photos.put(n, "nobody", "1", new Uint8Array([1]));
    const undated: PhotoStore = {
      ...photos,
      async *list(...args) {
        for await (const { memberId, id } of photos.list(...args)) yield { memberId, id };
      },
    };
    const found = await run({ apply: true, graceMs: 1 }, { photos: undated });
    expect(shortOf(found)).toEqual(["orphaned-photos nobody: delete-photos waiting"]);
    expect(await photosOf()).toContain("nobody");
  });

  test("where the index shows writes late: members are not deleted, and the second look waits", async () => {
    const late = (over: FaceIndex): FaceIndex => ({
      ...over,
      capabilities: { ...over.capabilities, readAfterWrite: false },
    });
    expect(() => reconcile({ namespace: n, index: late(index), members, deleteMembersWithoutFaces: true })).toThrow(
      /shows each write at once/,
    );
    let shown = false;
    const lagging: FaceIndex = {
      ...late(index),
      async *members(...args) {
        setTimeout(() => {
          shown = true;
        }, 10);
        for await (const member of aged().members(...args)) if (shown || member.memberId !== "bo") yield member;
      },
    };
    const found = await run({ apply: true, graceMs: 500 }, { index: lagging, photos: undefined });
    expect(shortOf(found)).toEqual(["member-without-faces bo: none left", "wrong-face-ids bo: link-faces gone"]);
    expect((await members.get(n, "bo"))?.faceIds).toHaveLength(1);
  });

  test("where somebody else notes faces anew meanwhile", async () => {
    await members.linkFaces?.(n, "bo", ["wrong"], { mode: "set" });
    const late: MemberSource = {
      ...members,
      get: async (...args) => {
        await members.linkFaces?.(n, "bo", ["newer"], { mode: "set" });
        return members.get(...args);
      },
    };
    expect(shortOf(await run({ apply: true }, { members: late }))).toEqual(["wrong-face-ids bo: link-faces gone"]);
  });
});

describe("a repair", () => {
  const notSupported = new FaceKitError("not-supported", "a collection in another's hands");
  const slow = () => new FaceKitError("service-unavailable", "slow down", { retryable: true, retryAfterMs: 1 });

  test("whose answer is lost is told as one", async () => {
    await enrol("dan", 5);
    await enrol("eve", 6);
    let [deletions, links] = [0, 0];
    const over = {
      index: {
        ...index,
        async deleteMember(...args: Parameters<FaceIndex["deleteMember"]>) {
          const erased = await index.deleteMember(...args);
          if (++deletions === 1) throw slow();
          return erased;
        },
      },
      members: {
        ...members,
        async linkFaces(...args: Parameters<NonNullable<MemberSource["linkFaces"]>>) {
          if (++links === 1) throw slow();
          await members.linkFaces?.(...args);
        },
      },
    };
    const newMember = ({ memberId }: { memberId: string }) => (memberId === "eve" ? {} : undefined);
    expect(shortOf(await run({ apply: true, newMember }, over))).toEqual([
      "orphaned-faces dan: delete-faces repaired",
      "orphaned-faces eve: create-member repaired",
    ]);
    expect(await run()).toEqual([]);
  });

  test("that is refused is told, and does not stop those behind it", async () => {
    for (const [i, id] of ["bad", "dan", "eve"].entries()) await enrol(id, i + 5);
    strays = [{ id: "s1", why: "no-member" }];
    const refusing = {
      members: {
        ...members,
        async merge(...args: Parameters<NonNullable<MemberSource["merge"]>>) {
          if (args[1].id === "bad") throw new FaceKitError("invalid-argument", "422: this e-mail is none");
          await members.merge?.(...args);
        },
      },
      index: {
        ...index,
        async deleteMember(...args: Parameters<FaceIndex["deleteMember"]>) {
          if (args[1] === "dan") throw new FaceKitError("conflict", "409: an order is open");
          return index.deleteMember(...args);
        },
        strays: { list: () => index.strays?.list(n) ?? [], delete: () => Promise.reject(notSupported) },
      },
    };
    const newMember = ({ memberId }: { memberId: string }) => (memberId === "bad" ? { email: "?" } : undefined);
    const found = await run({ apply: true, newMember }, refusing);
    expect(shortOf(found)).toEqual([
      "orphaned-faces bad: create-member failed",
      "orphaned-faces dan: delete-faces failed",
      "orphaned-faces eve: delete-faces repaired",
      "stray-face s1: delete-stray failed",
    ]);
    expect(found.map(({ error }) => error?.code)).toEqual(["invalid-argument", "conflict", undefined, "not-supported"]);
    expect(found.slice(0, 1).map(describeDifference)).toEqual([
      expect.stringMatching(/could not be repaired \(invalid-argument: 422: this e-mail is none\)\.$/),
    ]);
    expect(await facesOf()).toEqual(["ada", "bad", "bo", "cy", "dan"]);
  });

  test("takes the visits of who is deleted with it, and before anything else", async () => {
    const visits = memoryVisitLog();
    const kit = createFlows({ index, members, photos, visits });
    await enrol("gone", 5);
    await members.put(n, { id: "customer" });
    for (const memberId of ["ada", "customer", "gone"]) {
      await visits.append(n, [{ key: memberId, memberId, at: new Date(), timeZone: "UTC" }]);
    }
    const visitors = async (): Promise<string[]> => (await all(visits.query(n))).map(({ memberId }) => memberId);
    await all(kit.reconcile({ graceMs: 0, deleteMembersWithoutFaces: true }));
    expect((await visitors()).sort()).toEqual(["ada", "customer", "gone"]);
    const down = new FaceKitError("service-unavailable", "down");
    const unreachable = { index: { ...index, deleteMember: () => Promise.reject(down) }, visits };
    await expect(run({ apply: true }, unreachable)).rejects.toBe(down);
    expect((await visitors()).sort()).toEqual(["ada", "customer"]);
    await all(kit.reconcile({ graceMs: 0, apply: true, deleteMembersWithoutFaces: true }));
    expect(await visitors()).toEqual(["ada"]);
  });

  test.each([
    { readAfterWrite: true, looks: 1 + 3 },
    { readAfterWrite: false, looks: 1 + 1 },
  ])("is looked at with 255 others, or with all over an index that shows writes late: $readAfterWrite", async (of) => {
    const { readAfterWrite, looks } = of;
    for (let i = 0; i < 600; i++) await photos.put(n, `nobody ${i}`, "1", new Uint8Array([1]));
    let looked = 0;
    const counting: FaceIndex = {
      ...index,
      capabilities: { ...index.capabilities, readAfterWrite },
      members(...args) {
        looked++;
        return index.members(...args);
      },
    };
    expect(await run({ apply: true, allowMassDeletion: true }, { index: counting })).toHaveLength(600);
    expect(looked).toBe(looks);
  });

  test("of stray faces is one call for many, and tells how many there were", async () => {
    strays = Array.from({ length: 100 }, (_, i) => ({ id: `s${i}`, why: "no-member" }));
    const asked: number[] = [];
    const over: FaceIndex = {
      ...index,
      strays: {
        async *list() {
          yield* [...strays];
        },
        async delete(where, ids, call) {
          asked.push(ids.length);
          strays.splice(0, 1);
          return (await index.strays?.delete(where, ids, call)) ?? 0;
        },
      },
    };
    const reconciliation = reconcile({ namespace: n, index: over, members, photos, graceMs: 0, apply: true });
    await all(reconciliation);
    expect(asked).toEqual([100]);
    expect(reconciliation.counts.outcomes).toMatchObject({ repaired: 99, gone: 1 });
  });

  test("is done for more than are held at a time", async () => {
    const many = 10_300;
    for (let i = 0; i < many; i++) await photos.put(n, `nobody ${i}`, "1", new Uint8Array([1]));
    const parts = { namespace: n, index, members, photos, graceMs: 0 };
    const few = reconcile({ ...parts, apply: true });
    await expect(all(few)).rejects.toMatchObject({ code: "namespace-not-found" });
    expect(few.counts.outcomes.repaired).toBe(0);
    const reconciliation = reconcile({ ...parts, apply: true, allowMassDeletion: true });
    await all(reconciliation);
    expect(reconciliation.counts.outcomes).toMatchObject({ repaired: many, gone: 0 });
    expect(await run()).toEqual([]);
  });

  test("is not begun after it was left off or aborted, but for those at work", async () => {
    const controller = new AbortController();
    for (let i = 0; i < 40; i++) await enrol(`more ${i}`, 5);
    const some = { namespace: n, index, members, photos, graceMs: 0, apply: true, allowMassDeletion: true };
    for await (const _ of reconcile(some)) break;
    const left = (await facesOf()).length;
    expect(left).toBeGreaterThanOrEqual(43 - 8);
    const ended = (async () => {
      for await (const _ of reconcile({ ...some, signal: controller.signal })) controller.abort("enough");
    })();
    await expect(ended).rejects.toBe("enough");
    expect((await facesOf()).length).toBeGreaterThanOrEqual(left - 8);
  });
});

describe("options", () => {
  test("are checked, and writing into a source that is read only is refused", () => {
    const readOnly = { ...members, capabilities: { ...members.capabilities, writable: false } };
    const start = (options: object) => () => reconcile({ namespace: n, index, members, photos, ...options });
    expect(start({ graceMs: -1 })).toThrow(/graceMs/);
    expect(start({ grace: 1 })).toThrow(/grace/);
    expect(start({ namespace: "" })).toThrow(/namespace/);
    expect(start({ newMember: {} })).toThrow(/newMember/);
    expect(start({ members: readOnly, deleteMembersWithoutFaces: true })).toThrow(/not writable/);
    expect(start({ members: undefined, newMember: () => ({}) })).toThrow(/no member source/);
  });

  test("a signal ends it with its own reason", async () => {
    await expect(run({ signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  });

  /** A service that takes the question and does not answer. */
  const stuck = async function* (): AsyncGenerator<never> {
    await new Promise<never>(() => undefined);
  };

  test.each(["index", "members", "photos", "strays"])("a signal ends it where %s hang", async (part) => {
    const hanging = {
      index: { index: { ...index, members: stuck } },
      members: { members: { ...members, list: stuck } },
      photos: { photos: { ...photos, list: stuck } },
      strays: { index: { ...index, strays: { list: stuck, delete: async () => 0 } } },
    };
    const [, parts] = Object.entries(hanging).find(([name]) => name === part) ?? [];
    const controller = new AbortController();
    const ended = run({ signal: controller.signal }, parts);
    setTimeout(() => controller.abort("enough"), 20);
    await expect(ended).rejects.toBe("enough");
  });

  test("a part that fails ends it where another hangs", async () => {
    const down = new FaceKitError("service-unavailable", "down", { retryable: true });
    const failing = (): AsyncIterable<never> => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(down) }),
    });
    const parts = { index: { ...index, members: stuck }, members: { ...members, list: failing } };
    await expect(run({}, parts)).rejects.toBe(down);
  });

  test("stray faces of a store may be asked for before anything else", async () => {
    const records = memoryFaceRecords();
    const ofStore: StrayFace = { id: "s1", why: "no-member" };
    const fresh = toyFaceIndex({
      ...records,
      strays: {
        async *list() {
          await records.revision();
          yield ofStore;
        },
        async delete() {
          return (await records.revision()) + 1;
        },
      },
    });
    const listed: StrayFace[] = [];
    for await (const stray of fresh.strays?.list(n) ?? []) listed.push(stray);
    expect(listed).toEqual([ofStore]);
    expect(await fresh.strays?.delete(n, ["s1"])).toBe(1);
  });

  test("a kit reconciles its own parts, in its own namespace or the call's", async () => {
    const kit = createFlows({ index, members, photos });
    await enrol("orphan", 5);
    expect(shortOf(await all(kit.reconcile({ graceMs: 0 })))).toEqual(["orphaned-faces orphan: delete-faces planned"]);
    expect(await all(kit.reconcile({ namespace: "other" }))).toEqual([]);
    await kit[Symbol.asyncDispose]();
    expect(() => kit.reconcile()).toThrow(/closed/);
  });
});
