import {
  createFlows,
  type Difference,
  describeDifference,
  type FaceIndex,
  FaceKitError,
  type MemberSource,
  memoryMemberSource,
  memoryPhotoStore,
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
  "stray-face s1: delete-stray planned",
  "stray-face s2: none left",
  "wrong-face-ids bo: link-faces planned",
  "member-without-faces customer: none left",
  "wrong-face-ids cy: link-faces planned",
  "orphaned-photos nobody: delete-photos planned",
  "orphaned-faces orphan: delete-faces planned",
  "orphaned-faces zoe: delete-faces planned",
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
      'Face "s1" meant for "dan" never became a member\'s: to be deleted.',
      'Face "s2" was made by other models: left as it is.',
      'Member "bo" is noted with 1 face and has 1, not the same: to be noted anew.',
      'Member "customer" has no face: left as it is.',
      'Member "cy" is noted with 1 face and has 2, not the same: to be noted anew.',
      '2 photos of "nobody", who has neither faces nor an entry: to be deleted.',
      `1 face of "orphan", from ${today}, but no such member: to be deleted.`,
      `1 face and 1 photo of "zoe", from ${today}, but no such member: to be deleted.`,
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
      outcomes: { planned: 6, repaired: 0, left: 2, waiting: 0, gone: 0 },
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
    const [left] = [["stray-face s2: none left", "member-without-faces customer: none left"]];
    expect(shortOf(await run({ apply: true }))).toEqual(left);
    expect(
      shortOf(await run({ apply: true, deleteMembersWithoutFaces: true, deleteFacesOfOtherModels: true })),
    ).toEqual(["stray-face s2: delete-stray repaired", "member-without-faces customer: delete-member repaired"]);
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

  test("may be broken off after each difference, and run again", async () => {
    await disagree();
    let read = 0;
    for (let after = 1; after <= planned.length; after++) {
      read = 0;
      for await (const _ of reconcile({ namespace: n, index, members, photos, graceMs: 0, apply: true })) {
        if (++read === after) break;
      }
    }
    expect(shortOf(await run())).toEqual(["stray-face s2: none left", "member-without-faces customer: none left"]);
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
    expect(found.filter((line) => line.endsWith("waiting"))).toEqual(
      [
        "stray-face s1: delete-stray waiting",
        "orphaned-faces orphan: delete-faces waiting",
        "orphaned-faces zoe: delete-faces waiting",
        "orphaned-photos nobody: delete-photos waiting",
      ].sort((a, b) => found.indexOf(a) - found.indexOf(b)),
    );
    expect(await facesOf()).toEqual(["ada", "bo", "cy", "orphan", "zoe"]);
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

  test("a kit reconciles its own parts, in its own namespace or the call's", async () => {
    const kit = createFlows({ index, members, photos });
    await enrol("orphan", 5);
    expect(shortOf(await all(kit.reconcile({ graceMs: 0 })))).toEqual(["orphaned-faces orphan: delete-faces planned"]);
    expect(await all(kit.reconcile({ namespace: "other" }))).toEqual([]);
    await kit[Symbol.asyncDispose]();
    expect(() => kit.reconcile()).toThrow(/closed/);
  });
});
