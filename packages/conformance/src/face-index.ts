import type { FaceIndex, FaceProbe, ImageInput, MemberMatch, MemberSearchOptions } from "@facekit/core";
import { ensure, equal, near, rejects, rejectsWith } from "./expect.js";
import { badNames, oddNames, uniformImage } from "./samples.js";
import { abortedSignal, type ConformanceOptions, collect, drain, lend } from "./suite.js";

export interface PicturedPerson {
  readonly id: string;
  /** Two or more photos, each of this one face. */
  readonly images: readonly ImageInput[];
}

export interface FaceIndexConformanceOptions extends ConformanceOptions<FaceIndex> {
  /** Two or more people who are told apart clearly. */
  readonly people: readonly PicturedPerson[];
  /** A photo of one face of nobody among the people. */
  readonly stranger: ImageInput;
}

/** How long an index that does not read after write may take to show a write. */
const patienceMs = 30_000;

/** What every `FaceIndex` must do. Weaknesses that it declares are respected. */
export function faceIndexConformance({ test, create, people, stranger }: FaceIndexConformanceOptions): void {
  const it = (name: string, run: (index: FaceIndex) => Promise<void>): void =>
    test(`FaceIndex: ${name}`, () => lend(create, run));
  const [ann, bob] = people;
  if (ann === undefined || bob === undefined || people.some(({ images }) => images.length < 2)) {
    throw new Error("The FaceIndex suite needs two or more people with two or more images each.");
  }

  const enrolAll = async (index: FaceIndex, namespace = "n"): Promise<void> => {
    for (const { id, images } of people) await index.enrol(namespace, id, [await probeOne(index, images[0])]);
    for (const { id, images } of people) await shows(index, await probeOne(index, images[0]), { k: 1 }, id, namespace);
  };

  it("finds the one face of each photo", async (index) => {
    for (const image of [...people.flatMap(({ images }) => images), stranger]) {
      const { face, imageWidth, imageHeight } = await probeOne(index, image);
      ensure(imageWidth > 0 && imageHeight > 0, "A probe must know its image's size.");
      ensure(face.score >= 0 && face.score <= 1, `A score must lie in 0..1; got ${face.score}.`);
      ensure(
        face.box.x < imageWidth && face.box.y < imageHeight && face.box.x + face.box.width > 0,
        `The box must lie in the image; got ${JSON.stringify(face.box)}.`,
      );
    }
  });

  it("finds no face where there is none", async (index) => {
    equal(await index.probe(uniformImage(320, 240)), [], "probes");
  });

  it("finds nobody in an empty namespace", async (index) => {
    const probes = [await probeOne(index, ann.images[0]), await probeOne(index, stranger)];
    equal((await index.search("n", probes, { k: 3 })).matches, [[], []], "matches");
    equal(await collect(index.members("n")), [], "members");
  });

  it("knows people again in other photos, and scores a stranger lower", async (index) => {
    await enrolAll(index);
    const [strange] = await search(index, await probeOne(index, stranger), { k: 1 });
    for (const { id, images } of people) {
      for (const image of images.slice(1)) {
        const [best] = await search(index, await probeOne(index, image), { k: people.length });
        equal(best?.memberId, id, "best match");
        ensure(
          (best?.similarity ?? 0) > (strange?.similarity ?? 0),
          `${id} scores ${best?.similarity}, a stranger ${strange?.similarity}.`,
        );
      }
    }
  });

  it("gives each member once, best first, at most k, in the order of the probes", async (index) => {
    await enrolAll(index);
    await index.enrol("n", ann.id, [await probeOne(index, ann.images[1])]);
    const probes = await Promise.all([probeOne(index, bob.images[0]), probeOne(index, ann.images[0])]);
    const { matches } = await index.search("n", probes, { k: 10 });
    equal(
      matches.map(([best]) => best?.memberId),
      [bob.id, ann.id],
      "best matches",
    );
    for (const found of matches) {
      const ids = found.map(({ memberId }) => memberId);
      equal(new Set(ids).size, ids.length, "number of different members");
      const scores = found.map(({ similarity }) => similarity);
      equal(
        scores,
        [...scores].sort((a, b) => b - a),
        "order of scores",
      );
    }
    equal(
      (await index.search("n", probes, { k: 1 })).matches.map((found) => found.length),
      [1, 1],
      "matches of k = 1",
    );
    equal((await index.search("n", [], { k: 1 })).matches, [], "matches of no probes");
  });

  it("searches only the members asked for", async (index) => {
    await enrolAll(index);
    const found = await search(index, await probeOne(index, ann.images[0]), { k: 5, memberIds: [bob.id] });
    ensure(
      found.every(({ memberId }) => memberId === bob.id),
      "Only members asked for may be found.",
    );
  });

  it("refuses a k that is no whole number of 1 or more", async (index) => {
    const probe = await probeOne(index, ann.images[0]);
    for (const k of [0, 1.5, Number.NaN]) {
      await rejects(() => index.search("n", [probe], { k }), "invalid-argument", `k = ${k}`);
    }
  });

  it("compares two faces without the store", async (index) => {
    const a = await probeOne(index, ann.images[0]);
    const b = await probeOne(index, ann.images[1]);
    const other = await probeOne(index, bob.images[0]);
    const same = await index.compare(a, b);
    const different = await index.compare(a, other);
    ensure(same > different, `One person scores ${same}, two people ${different}.`);
    near(await index.compare(b, a), same, 1e-3, "the other way round");
    ensure((await index.compare(a, a)) >= same - 1e-3, "A face must be nearest to itself.");
    equal(await collect(index.members("n")), [], "members");
  });

  it("enrols several photos at once and tells their templates", async (index) => {
    const probes = await Promise.all(ann.images.map((image) => probeOne(index, image)));
    const sources = ann.images.map((_, i) => (i === 0 ? undefined : `photo ${i}`));
    const { templateIds } = await index.enrol("n", ann.id, probes, { sources });
    equal(new Set(templateIds).size, probes.length, "number of different templates");
    await membersAre(index, [[ann.id, probes.length]]);
  });

  it("lists members by id, with their templates", async (index) => {
    await enrolAll(index);
    await index.enrol("n", bob.id, [await probeOne(index, bob.images[1])]);
    const expected = people.map(({ id }): [string, number] => [id, id === bob.id ? 2 : 1]);
    await membersAre(
      index,
      expected.sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });

  it("tells, if it tells, with how many templates and means a search compares", async (index) => {
    await enrolAll(index);
    await enrolAll(index, "other");
    await index.enrol("n", ann.id, [await probeOne(index, ann.images[1])]);
    await until(index, async () => {
      const { comparisons } = await index.search("n", [], { k: 1 });
      // One template each, a second of one member, and their mean.
      if (comparisons !== undefined) equal(comparisons, people.length + 2, "comparisons");
    });
  });

  it("takes a member to be no farther than the nearest template, where scores are cosines", async (index) => {
    if (index.capabilities.scores !== "cosine") return;
    const probes = await Promise.all(ann.images.map((image) => probeOne(index, image)));
    await index.enrol("n", ann.id, probes);
    const other = await probeOne(index, bob.images[0]);
    const compared = await Promise.all(probes.map((probe) => index.compare(other, probe)));
    await until(index, async () => {
      const [match] = await search(index, other, { k: 1 });
      const nearest = Math.max(...compared);
      ensure(
        (match?.similarity ?? -1) >= nearest - 1e-3,
        `The member scores ${match?.similarity}, a template ${nearest}.`,
      );
    });
  });

  it("forgets a deleted member", async (index) => {
    await enrolAll(index);
    equal(await index.deleteMember("n", ann.id), 1, "templates deleted");
    equal(await index.deleteMember("n", ann.id), 0, "templates deleted the second time");
    const probe = await probeOne(index, ann.images[0]);
    await until(index, async () => {
      const found = await search(index, probe, { k: 10 });
      ensure(!found.some(({ memberId }) => memberId === ann.id), "A deleted member was found.");
    });
    const left = (await collect(index.members("n"))).map(({ memberId }) => memberId);
    ensure(!left.includes(ann.id), "A deleted member is listed.");
  });

  it("keeps namespaces apart", async (index) => {
    await index.enrol("a", ann.id, [await probeOne(index, ann.images[0])]);
    await index.enrol("b", bob.id, [await probeOne(index, bob.images[0])]);
    const probe = await probeOne(index, ann.images[0]);
    await shows(index, probe, { k: 5 }, ann.id, "a");
    await shows(index, probe, { k: 5 }, bob.id, "b");
    equal(await index.deleteMember("b", ann.id), 0, "ann's templates in b");
  });

  it("refuses probes of another index, and enrols nothing with them", async (index) => {
    const own = await probeOne(index, ann.images[0]);
    await lend(create, async (other) => {
      for (const foreign of [await probeOne(other, bob.images[0]), { ...own }]) {
        await rejects(() => index.search("n", [own, foreign], { k: 1 }), "invalid-argument", "search");
        await rejects(() => index.enrol("n", ann.id, [own, foreign]), "invalid-argument", "enrol");
        await rejects(() => index.compare(own, foreign), "invalid-argument", "compare");
      }
    });
    equal(await collect(index.members("n")), [], "members");
  });

  it("takes odd member ids for what they are, and refuses bad ones", async (index) => {
    const probe = await probeOne(index, ann.images[0]);
    for (const [why, name] of badNames) {
      await rejects(() => index.enrol("n", name, [probe]), "invalid-argument", `enrol of a member id ${why}`);
      await rejects(() => index.enrol(name, ann.id, [probe]), "invalid-argument", `enrol in a namespace ${why}`);
      await rejects(() => index.search(name, [probe], { k: 1 }), "invalid-argument", `search in a namespace ${why}`);
    }
    for (const name of oddNames) await index.enrol("n", name, [probe]);
    await membersAre(
      index,
      [...oddNames].sort((a, b) => (a < b ? -1 : 1)).map((name) => [name, 1]),
    );
  });

  it("writes on condition, where it claims to", async (index) => {
    if (!index.capabilities.conditionalWrites) return;
    const probe = await probeOne(index, ann.images[0]);
    const { revision } = await index.search("n", [probe], { k: 1 });
    const results = await Promise.allSettled(
      [ann.id, bob.id].map((id) => index.enrol("n", id, [probe], { ifRevision: revision })),
    );
    const lost = results.find((result) => result.status === "rejected");
    equal(results.filter(({ status }) => status === "fulfilled").length, 1, "winners of a race");
    await rejects(() => Promise.reject(lost?.reason), "conflict", "the loser");
  });

  it("rejects with the signal's own reason, and writes nothing", async (index) => {
    const probe = await probeOne(index, ann.images[0]);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => index.probe(ann.images[0] ?? stranger, { signal }), reason, "probe");
    await rejectsWith(() => index.search("n", [probe], { k: 1, signal }), reason, "search");
    await rejectsWith(() => index.enrol("n", ann.id, [probe], { signal }), reason, "enrol");
    await rejectsWith(() => index.compare(probe, probe, { signal }), reason, "compare");
    await rejectsWith(() => index.deleteMember("n", ann.id, { signal }), reason, "deleteMember");
    await rejectsWith(() => drain(index.members("n", { signal })), reason, "members");
    equal(await collect(index.members("n")), [], "members");
    // An aborted call must not spoil the probe.
    await index.enrol("n", ann.id, [probe]);
  });

  it("may be disposed twice", async (index) => {
    await index[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
  });
}

async function probeOne(index: FaceIndex, image: ImageInput | undefined): Promise<FaceProbe> {
  ensure(image !== undefined, "An image is missing.");
  const probes = await index.probe(image);
  equal(probes.length, 1, "number of faces in a photo of one");
  const [probe] = probes;
  ensure(probe !== undefined, "A probe is missing.");
  return probe;
}

async function search(
  index: FaceIndex,
  probe: FaceProbe,
  options: MemberSearchOptions,
  namespace = "n",
): Promise<readonly MemberMatch[]> {
  return (await index.search(namespace, [probe], options)).matches[0] ?? [];
}

async function shows(
  index: FaceIndex,
  probe: FaceProbe,
  options: MemberSearchOptions,
  memberId: string,
  namespace: string,
): Promise<void> {
  await until(index, async () => {
    const [best] = await search(index, probe, options, namespace);
    equal(best?.memberId, memberId, `best match in ${namespace}`);
  });
}

async function membersAre(index: FaceIndex, expected: readonly (readonly [string, number])[]): Promise<void> {
  await until(index, async () => {
    const members = await collect(index.members("n"));
    equal(
      members.map(({ memberId, templates }) => [memberId, templates]),
      expected,
      "members",
    );
  });
}

/** Checks once, or until it holds where the index does not read after write. */
async function until(index: FaceIndex, check: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + (index.capabilities.readAfterWrite ? 0 : patienceMs);
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
