import {
  createFlows,
  type DecodedImage,
  type FaceIndex,
  type FaceKit,
  memoryMemberSource,
  memoryVisitLog,
} from "@facekit/core";
import { describe, expect, test } from "vitest";
import { photoOf, toyFaceIndex } from "./toy-recognition.js";

const newKit = (options: object = {}) => createFlows({ index: toyFaceIndex(), ...options });
const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "fulfilled",
    (error: { code?: unknown }) => error.code,
  );
const idsOf = async (kit: ReturnType<typeof newKit>): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { memberId } of kit.enrolled()) ids.push(memberId);
  return ids;
};

describe("register", () => {
  test("several photos become as many templates, embedded in one batch", async () => {
    const index = toyFaceIndex();
    const kit = createFlows({ index });
    const { templateIds } = await kit.register("ada", [photoOf(1), photoOf(1), photoOf(1)]);
    expect(new Set(templateIds).size).toBe(3);
    expect(index.embedded()).toBe(1);
  });

  test.each([
    ["no-face", photoOf()],
    ["several-faces", photoOf(1, 2)],
    ["face-too-small", photoOf({ person: 1, size: 39 })],
  ])("refuses a photo with %s, and then enrols none of the others", async (code, photo) => {
    const kit = newKit();
    expect(await codeOf(kit.register("ada", [photoOf(1), photo]))).toBe(code);
    expect(await idsOf(kit)).toEqual([]);
  });

  test("the size limit is an option", async () => {
    const kit = newKit({ minFaceSize: 200 });
    expect(await codeOf(kit.register("ada", photoOf(1)))).toBe("face-too-small");
    expect(await codeOf(kit.register("ada", photoOf(1), { minFaceSize: 100 }))).toBe("fulfilled");
  });

  test("refuses another member's face where asked, names that member, and lets the member add photos", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    const refused = kit.register("imposter", photoOf(1), { refuseKnownFaces: true });
    await expect(refused).rejects.toMatchObject({ code: "already-enrolled", details: { memberId: "ada" } });
    expect(await codeOf(kit.register("ada", photoOf(1), { refuseKnownFaces: true }))).toBe("fulfilled");
    expect(await codeOf(kit.register("twin", photoOf(1)))).toBe("fulfilled");
  });

  test("two racing registrations of one face under two names: one is refused", async () => {
    const kit = newKit();
    const options = { refuseKnownFaces: true };
    const codes = await Promise.all([
      codeOf(kit.register("ada", photoOf(1), options)),
      codeOf(kit.register("eve", photoOf(1), options)),
    ]);
    expect(codes.sort()).toEqual(["already-enrolled", "fulfilled"]);
  });

  test.each(["", "a\0b", "\ud800", "x".repeat(513)])("refuses the member id %j", async (id) => {
    expect(await codeOf(newKit().register(id, photoOf(1)))).toBe("invalid-argument");
  });

  test("keeps what is known of the member, and does not lose it when photos are added", async () => {
    const members = memoryMemberSource();
    const kit = newKit({ members });
    await kit.register("ada", photoOf(1), { member: { name: "Ada", email: "ada@example.org" } });
    await kit.register("ada", photoOf(1), { member: { name: "Ada L." } });
    await kit.register("ada", photoOf(1));
    expect(await members.get("default", "ada")).toMatchObject({ name: "Ada L.", email: "ada@example.org" });
  });
});

describe("verify", () => {
  test("1:1 accepts the member and no other", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    await kit.register("bo", photoOf(2));
    expect(await kit.verify("ada", photoOf(1))).toMatchObject({ matched: true, memberId: "ada" });
    const refused = await kit.verify("ada", photoOf(2));
    expect(refused.matched).toBe(false);
    expect(refused.reason).toContain("below the threshold");
    for (const name of ["memberId", "margin", "gallerySize", "expectedFalsePositiveRate"]) {
      expect(refused).not.toHaveProperty(name);
    }
  });

  test("1:N accepts any member and no stranger", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    expect(await kit.verifyAnyMember(photoOf(1))).toMatchObject({ matched: true, memberId: "ada" });
    expect(await kit.verifyAnyMember(photoOf(5))).toMatchObject({ matched: false });
  });

  test("an unknown member and a photo without a face are errors", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    expect(await codeOf(kit.verify("nobody", photoOf(1)))).toBe("unknown-member");
    expect(await codeOf(kit.verify("ada", photoOf()))).toBe("no-face");
  });

  test("a face is compared with every template of the member", async () => {
    const kit = newKit();
    await kit.register("ada", [photoOf(1), photoOf(7)]);
    expect((await kit.verify("ada", photoOf(7))).similarity).toBeCloseTo(1, 5);
  });
});

describe("identify", () => {
  test("names the member with the margin to the next", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    await kit.register("bo", photoOf(2));
    const { best, decision, candidates } = await kit.identify(photoOf(2));
    expect(best?.memberId).toBe("bo");
    expect(candidates.map((candidate) => candidate.memberId)).toEqual(["bo", "ada"]);
    expect(decision.margin).toBeCloseTo((candidates[0]?.similarity ?? 0) - (candidates[1]?.similarity ?? 0), 12);
    expect(decision.threshold).toMatchObject({ value: 0.6, source: "calibration", falseMatchRate: 1e-3 });
  });

  test("tells why not: a stranger, an empty namespace, no face", async () => {
    const kit = newKit();
    expect((await kit.identify(photoOf(1))).decision.reason).toContain("No member is enrolled");
    await kit.register("ada", photoOf(1));
    expect((await kit.identify(photoOf(3))).best).toBeUndefined();
    expect((await kit.identify(photoOf())).decision.reason).toContain("No face");
  });

  test("tells programs why not, and of a face that is too small to be registered", async () => {
    const kit = newKit();
    const refusals = async (photo: ReturnType<typeof photoOf>) => (await kit.identify(photo)).decision.refusals;
    expect(await refusals(photoOf({ person: 1, size: 20 }))).toEqual(["nobody-enrolled"]);
    await kit.register("ada", photoOf(1));
    expect(await refusals(photoOf(1))).toEqual([]);
    expect(await refusals(photoOf({ person: 1, size: 20 }))).toEqual([]);
    expect(await refusals(photoOf(3))).toEqual(["below-threshold"]);
    expect(await refusals(photoOf())).toEqual(["no-face"]);
    const small = await kit.verify("ada", photoOf({ person: 3, size: 20 }));
    expect(small.refusals).toEqual(["below-threshold", "face-too-small"]);
    expect(small.reason).toMatch(/The face is small: \d+ px, and registration wants 40\./);
  });

  test("takes the largest of several faces", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    await kit.register("bo", photoOf(2));
    expect((await kit.identify(photoOf({ person: 1, size: 60 }, { person: 2, size: 90 }))).best?.memberId).toBe("bo");
  });

  test("namespaces do not see each other", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1), { namespace: "monday" });
    expect((await kit.identify(photoOf(1), { namespace: "tuesday" })).best).toBeUndefined();
    expect((await kit.identify(photoOf(1), { namespace: "monday" })).best?.memberId).toBe("ada");
  });

  test("a caller's threshold decides, and says that its error rate is unknown", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    const twin = photoOf({ person: 1, likeness: { of: 2, share: 0.3 } });
    expect((await kit.identify(twin)).best?.memberId).toBe("ada");
    const strict = await kit.identify(twin, { threshold: 0.99 });
    expect(strict.best).toBeUndefined();
    expect(strict.decision.threshold).toEqual({ value: 0.99, source: "caller" });
  });
});

describe("falsePositiveRate", () => {
  /** FMR 1e-3 from 0.6 on: a search of three comparisons names a stranger with at most 1 - 0.999^3, about 0.003. */
  const rate = { falsePositiveRate: 0.003 };
  const enrolled = async (people: number, options: object = {}): Promise<FaceKit> => {
    const kit = newKit(options);
    for (let person = 0; person < people; person++) await kit.register(`m${person}`, photoOf(person));
    return kit;
  };
  const searches: [string, (kit: FaceKit, o: object) => Promise<unknown>][] = [
    ["identify", (kit, o) => kit.identify(photoOf(1), o)],
    ["identify, of no face", (kit, o) => kit.identify(photoOf(), o)],
    ["verifyAnyMember", (kit, o) => kit.verifyAnyMember(photoOf(1), o)],
    ["matchOrRegister", (kit, o) => kit.matchOrRegister(photoOf(1), o)],
    ["takeAttendance", (kit, o) => kit.takeAttendance(photoOf(1), o)],
    ["takeAttendance, of no photo", (kit, o) => kit.takeAttendance([], o)],
    ["register with refuseKnownFaces", (kit, o) => kit.register("m1", photoOf(1), { refuseKnownFaces: true, ...o })],
  ];

  test.each(searches)(
    "%s holds it while the gallery is small enough, on the call and from the kit",
    async (_, call) => {
      expect(await codeOf(call(await enrolled(3), rate))).toBe("fulfilled");
      expect(await codeOf(call(await enrolled(4), rate))).toBe("rate-not-supported");
      expect(await codeOf(call(await enrolled(3, rate), {}))).toBe("fulfilled");
      expect(await codeOf(call(await enrolled(4, rate), {}))).toBe("rate-not-supported");
      expect(await codeOf(call(await enrolled(4, rate), { falseMatchRate: 1e-3 }))).toBe("fulfilled");
    },
  );

  test.each(searches)("%s refuses what can never be held before any photo is looked at", async (_, call) => {
    const index = toyFaceIndex();
    let probed = 0;
    const probe: FaceIndex["probe"] = async (...args) => {
      probed++;
      return index.probe(...args);
    };
    expect(await codeOf(call(newKit({ index: { ...index, probe } }), { falsePositiveRate: 1e-4 }))).toBe(
      "rate-not-supported",
    );
    expect(probed).toBe(0);
  });

  test("counts templates and means, not members, and those of the namespace alone", async () => {
    const kit = newKit(rate);
    await kit.register("elsewhere", [photoOf(1), photoOf(1)], { namespace: "other" });
    await kit.register("ada", [photoOf(1), photoOf(1)]);
    const { decision } = await kit.identify(photoOf(1));
    expect(decision).toMatchObject({ matched: true, gallerySize: 3 });
    expect(decision.expectedFalsePositiveRate).toBeCloseTo(1 - 0.999 ** 3, 12);
    await kit.register("ada", photoOf(1));
    await expect(kit.identify(photoOf(1))).rejects.toThrow(/0.003 over 4 comparisons.*is 0.004; .*up to 3 comparisons/);
  });

  test("1:1 calls refuse it, and a kit's leaves them the default of the model", async () => {
    const kit = await enrolled(4, rate);
    expect(await kit.verify("m1", photoOf(1))).toMatchObject({ matched: true, threshold: { falseMatchRate: 1e-3 } });
    expect(await kit.compare(photoOf(1), photoOf(1))).toMatchObject({ matched: true });
    expect(kit.threshold.value).toBe(0.6);
    await expect(kit.verify("m1", photoOf(1), rate)).rejects.toThrow(/give falseMatchRate/);
    await expect(kit.compare(photoOf(1), photoOf(1), rate)).rejects.toThrow(/give falseMatchRate/);
  });

  test("what can never be held is refused on creation", () => {
    expect(() => newKit({ falsePositiveRate: 1e-4 })).toThrow(/lowest falsePositiveRate here is 0.001/);
    expect(() => newKit({ falsePositiveRate: 2 })).toThrow(/falsePositiveRate wants/);
    expect(() => newKit({ falsePositiveRate: 0.1, threshold: 0.5 })).toThrow(/at most one/);
  });

  test("an index that does not tell its size cannot hold it, and then tells no expected rate", async () => {
    const index = toyFaceIndex();
    const search: FaceIndex["search"] = async (...args) => {
      const { revision, matches } = await index.search(...args);
      return { revision, matches };
    };
    const kit = newKit({ index: { ...index, search } });
    await kit.register("ada", photoOf(1));
    expect(await codeOf(kit.identify(photoOf(1), rate))).toBe("not-supported");
    const { decision } = await kit.identify(photoOf(1));
    expect(decision.matched).toBe(true);
    expect(decision).not.toHaveProperty("expectedFalsePositiveRate");
    expect(decision).not.toHaveProperty("gallerySize");
  });
});

describe("matchOrRegister", () => {
  test("known: the member; unknown: a new one", async () => {
    const kit = newKit();
    const first = await kit.matchOrRegister(photoOf(1));
    const again = await kit.matchOrRegister(photoOf(1));
    expect(first.registered).toBe(true);
    expect(again).toMatchObject({ registered: false, memberId: first.memberId });
  });

  test("many racing calls with two people's photos make two members", async () => {
    const kit = newKit();
    const calls = Array.from({ length: 16 }, (_, i) => kit.matchOrRegister(photoOf(i % 2 === 0 ? 1 : 2)));
    const answers = await Promise.all(calls);
    expect(answers.filter((answer) => answer.registered)).toHaveLength(2);
    expect(new Set(answers.map((answer) => answer.memberId)).size).toBe(2);
    expect(await idsOf(kit)).toHaveLength(2);
  });
});

describe("photos side by side", () => {
  /** An index that says it is busy with three photos, and ends with the later ones first. */
  const busyIndex = (photos: readonly DecodedImage[]): FaceIndex & { readonly most: () => number } => {
    const index = toyFaceIndex();
    let [now, most] = [0, 0];
    return {
      ...index,
      concurrency: 3,
      most: () => most,
      async probe(image, options) {
        most = Math.max(most, ++now);
        const place = photos.findIndex((photo) => Object.is(photo, image));
        for (let turn = 0; turn < 20 - 2 * place; turn++) await Promise.resolve();
        now--;
        return index.probe(image, options);
      },
    };
  };

  test("an index says how many; answers, their order and progress are those of one after the other", async () => {
    const photos = [photoOf(2, 9, 1), photoOf(2), photoOf(), photoOf(1, 3), photoOf(3)];
    const answers = [];
    for (const index of [toyFaceIndex(), busyIndex(photos)]) {
      const kit = createFlows({ index });
      for (const person of [1, 2, 3]) await kit.register(`member-${person}`, [photoOf(person), photoOf(person)]);
      const done: number[] = [];
      answers.push(await kit.takeAttendance(photos, { onProgress: (progress) => done.push(progress.done) }));
      expect(done).toEqual([1, 2, 3, 4, 5]);
      if ("most" in index) expect(index.most()).toBe(3);
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  test("the first photo that is refused is told, whichever is refused first", async () => {
    const photos = [photoOf(1), photoOf(), photoOf(1, 2), photoOf(1)];
    const kit = createFlows({ index: busyIndex(photos) });
    expect(await codeOf(kit.register("ada", photos))).toBe("no-face");
    expect(await idsOf(kit)).toEqual([]);
  });
});

describe("takeAttendance", () => {
  test("names members and counts strangers over several photos", async () => {
    const kit = newKit();
    for (const person of [1, 2, 3]) await kit.register(`m${person}`, photoOf(person));
    const { present, strangers, photos } = await kit.takeAttendance([photoOf(2, 9, 1), photoOf(2), photoOf()]);
    expect(present).toEqual(["m1", "m2"]);
    expect(strangers).toBe(1);
    expect(photos.map(({ faces }) => faces.map((face) => face.memberId))).toEqual([["m2", null, "m1"], ["m2"], []]);
  });

  test("no member stands twice in a photo: the better face is given to the member", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    const lookalike = { person: 1, likeness: { of: 2, share: 0.2 } };
    const { photos, strangers } = await kit.takeAttendance(photoOf(lookalike, 1));
    expect(photos[0]?.faces.map((face) => face.memberId)).toEqual([null, "ada"]);
    expect(strangers).toBe(1);
  });

  test("the assignment is optimal, not greedy", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    await kit.register("bo", photoOf({ person: 1, likeness: { of: 2, share: 0.4 } }));
    // The first face is nearest to ada, but only the second can be nobody else.
    const { photos } = await kit.takeAttendance(photoOf({ person: 1, likeness: { of: 2, share: 0.15 } }, 1));
    expect(photos[0]?.faces.map((face) => face.memberId)).toEqual(["bo", "ada"]);
  });

  test("a session is written to the visit log once per member, however often it is taken", async () => {
    const kit = newKit();
    await kit.register("ada", photoOf(1));
    const options = { session: "monday", timeZone: "Asia/Kolkata", at: new Date("2026-03-02T09:00:00Z") };
    await kit.takeAttendance(photoOf(1), options);
    await kit.takeAttendance([photoOf(1), photoOf(1)], options);
    const visits = [];
    for await (const visit of kit.visits.query("default", { session: "monday" })) visits.push(visit);
    expect(visits).toHaveLength(1);
    expect(visits[0]).toMatchObject({ memberId: "ada", timeZone: "Asia/Kolkata", at: options.at });
  });

  test("an unknown time zone is refused before any photo is looked at", async () => {
    const kit = newKit();
    expect(await codeOf(kit.takeAttendance(photoOf(1), { timeZone: "Mars/Olympus" }))).toBe("invalid-argument");
  });
});

describe("compare, forget, dispose", () => {
  test("compares two photos without enrolling", async () => {
    const kit = newKit();
    expect(await kit.compare(photoOf(1), photoOf(1))).toMatchObject({ matched: true });
    const refused = { matched: false, refusals: ["below-threshold"], reason: expect.stringContaining("The pair has") };
    expect(await kit.compare(photoOf(1), photoOf(2))).toMatchObject(refused);
    expect(await idsOf(kit)).toEqual([]);
  });

  test("forgets templates, visits and the member", async () => {
    const members = memoryMemberSource();
    const kit = newKit({ members });
    await kit.register("ada", [photoOf(1), photoOf(1)]);
    await kit.takeAttendance(photoOf(1), { session: "monday" });
    expect(await kit.forget("ada")).toBe(2);
    expect((await kit.identify(photoOf(1))).best).toBeUndefined();
    expect(await members.get("default", "ada")).toBeUndefined();
    for await (const visit of kit.visits.query("default")) expect.unreachable(visit.key);
    expect(await kit.forget("ada")).toBe(0);
  });

  test("after disposal every call says that the kit is closed", async () => {
    const kit = newKit();
    await kit[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
    expect(await codeOf(kit.identify(photoOf(1)))).toBe("closed");
    expect(await codeOf(kit.forget("ada"))).toBe("closed");
  });

  test("an error rate below what was measured is refused on creation, with the lowest there is", () => {
    expect(() => newKit({ falseMatchRate: 1e-6 })).toThrow(/lowest is 0.001/);
  });
});

describe("misuse", () => {
  test.each([
    ["register", (kit: FaceKit, o: object) => kit.register("ada", photoOf(1), o)],
    ["verify", (kit: FaceKit, o: object) => kit.verify("ada", photoOf(1), o)],
    ["identify", (kit: FaceKit, o: object) => kit.identify(photoOf(1), o)],
    ["matchOrRegister", (kit: FaceKit, o: object) => kit.matchOrRegister(photoOf(1), o)],
    ["takeAttendance", (kit: FaceKit, o: object) => kit.takeAttendance(photoOf(1), o)],
    ["compare", (kit: FaceKit, o: object) => kit.compare(photoOf(1), photoOf(1), o)],
  ])("%s names a misspelt option", async (flow, call) => {
    await expect(call(newKit(), { treshold: 0.9 })).rejects.toThrow(`${flow} has no option "treshold"`);
  });

  test("the parts are looked at on creation", () => {
    const misspelt: object = { index: toyFaceIndex(), treshold: 0.9 };
    expect(() => newKit(misspelt)).toThrow(/no option "treshold"/);
    expect(() => newKit({ index: {} })).toThrow(/index wants an adapter/);
    expect(() => newKit({ visits: { specVersion: "0" } })).toThrow(/version "0"/);
  });

  test("a size that is no number, a namespace that is none, and a date that is none are refused", async () => {
    const kit = newKit();
    expect(await codeOf(kit.matchOrRegister(photoOf(1), { minFaceSize: Number.NaN }))).toBe("invalid-argument");
    expect(await codeOf(kit.identify(photoOf(), { namespace: "" }))).toBe("invalid-argument");
    expect(await codeOf(kit.forget("ada", { namespace: "" }))).toBe("invalid-argument");
    expect(await codeOf(kit.takeAttendance(photoOf(), { at: new Date("?") }))).toBe("invalid-argument");
  });

  test("sources that are not as many as the probes are refused", async () => {
    const index = toyFaceIndex();
    const probes = await index.probe(photoOf(1));
    expect(await codeOf(index.enrol("default", "ada", probes, { sources: ["a", "b"] }))).toBe("invalid-argument");
  });

  test("refuseKnownFaces wants an index that can refuse a lost race", async () => {
    const index = toyFaceIndex();
    const kit = newKit({ index: { ...index, capabilities: { ...index.capabilities, conditionalWrites: false } } });
    expect(await codeOf(kit.register("ada", photoOf(1), { refuseKnownFaces: true }))).toBe("not-supported");
    expect(await codeOf(kit.register("ada", photoOf(1)))).toBe("fulfilled");
  });

  test("what is no photo at all is refused as such", async () => {
    const nothing = null as unknown as string;
    expect(await codeOf(newKit().identify(nothing))).toBe("invalid-argument");
  });
});

describe("attendance at the edges", () => {
  test("the longest member id has a visit", async () => {
    const kit = newKit();
    const id = "x".repeat(512);
    await kit.register(id, photoOf(1));
    for (const session of ["monday", "monday", "tuesday"]) await kit.takeAttendance(photoOf(1), { session });
    const visits = [];
    for await (const visit of kit.visits.query("default")) visits.push(visit.memberId);
    expect(visits).toEqual([id, id]);
  });

  test("most faces are paired, though fewer pairs would sum to more", async () => {
    const faces = 9;
    const index = toyFaceIndex();
    // Face i is member i - 1 for certain, and member i by a hair; face 0 is member 0 by a hair.
    const matches = Array.from({ length: faces }, (_, i) => [
      ...(i === 0 ? [] : [{ memberId: `m${i - 1}`, similarity: 1, templateId: "a" }]),
      { memberId: `m${i}`, similarity: 0.1, templateId: "b" },
    ]);
    const search: FaceIndex["search"] = async (_namespace, probes) => ({
      revision: 0,
      matches: matches.slice(0, probes.length),
    });
    const kit = newKit({ index: { ...index, search }, threshold: 0.1 });
    const people = Array.from({ length: faces }, (_, i) => i);
    expect((await kit.takeAttendance(photoOf(...people))).present).toHaveLength(faces);
  });

  test("each face is weighed against as many members as there are faces", async () => {
    const index = toyFaceIndex();
    const asked: number[] = [];
    const search: FaceIndex["search"] = async (namespace, probes, options) => {
      if (probes.length > 0) asked.push(options.k);
      return index.search(namespace, probes, options);
    };
    const people = Array.from({ length: 60 }, (_, i) => i);
    await newKit({ index: { ...index, search } }).takeAttendance(photoOf(...people));
    expect(asked).toEqual([60]);
  });
});

describe("closing", () => {
  test("calls that name a namespace are refused too", async () => {
    const kit = newKit();
    await kit[Symbol.asyncDispose]();
    expect(await codeOf(kit.forget("ada", { namespace: "monday" }))).toBe("closed");
    const reading = kit.enrolled({ namespace: "monday" })[Symbol.asyncIterator]();
    expect(await codeOf(reading.next())).toBe("closed");
  });

  test("a part that fails to close keeps no other open, and its failure is told", async () => {
    const closed: string[] = [];
    const failing = <T extends object>(part: T, name: string): T => ({
      ...part,
      async [Symbol.asyncDispose]() {
        closed.push(name);
        throw new Error(name);
      },
    });
    const kit = newKit({
      index: failing(toyFaceIndex(), "index"),
      visits: failing(memoryVisitLog(), "visits"),
      members: failing(memoryMemberSource(), "members"),
    });
    await expect(kit[Symbol.asyncDispose]()).rejects.toThrow("index");
    expect(closed).toEqual(["index", "visits", "members"]);
  });
});
