import { dot, type IndexEntry, type IndexHit, type SnapshotReader, type VectorIndex } from "@facekit/core";
import { ensure, equal, near, rejects, rejectsWith } from "./expect.js";
import {
  axis,
  badNames,
  badVectors,
  oddNames,
  randomVector,
  seeded,
  shuffled,
  sortedNames,
  space,
  tilted,
} from "./samples.js";
import { abortedSignal, type ConformanceOptions, lend } from "./suite.js";

/** What an index that does not claim to be exact must find of the true hits. */
const leastRecall = 0.9;

/** What every `VectorIndex` must do. */
export function vectorIndexConformance({ test, create }: ConformanceOptions<VectorIndex>): void {
  const it = (name: string, run: (index: VectorIndex) => Promise<void>): void =>
    test(`VectorIndex: ${name}`, () =>
      lend(create, async (index) => {
        await index.open(space);
        await run(index);
      }));

  it("starts empty", async (index) => {
    equal(await index.count("n"), 0, "count");
    equal(await index.search("n", [axis(0), axis(1)], { k: 3 }), [[], []], "search");
    equal(await index.search("n", [], { k: 3 }), [], "search of nothing");
  });

  it("finds the best first, with unrounded similarities", async (index) => {
    await index.add("n", [entry("far", tilted(0.2)), entry("near", tilted(0.9)), entry("middle", tilted(0.5))]);
    const [hits = []] = await index.search("n", [axis(0)], { k: 2 });
    equal(idsOf(hits), ["near", "middle"], "hits");
    equal(hits[0]?.memberId, "member-near", "member of the best hit");
    near(hits[0]?.similarity ?? 0, dot(tilted(0.9), axis(0)), 1e-6, "similarity");
    equal((await index.search("n", [axis(0)], { k: 50 }))[0]?.length, 3, "hits where k exceeds the count");
  });

  it("breaks ties by id in code units", async (index) => {
    const names = shuffled(sortedNames, seeded(1));
    await index.add(
      "n",
      names.map((name) => entry(name, axis(0))),
    );
    for (let k = 1; k <= names.length; k++) {
      const [hits = []] = await index.search("n", [axis(0)], { k });
      equal(idsOf(hits), sortedNames.slice(0, k), `the best ${k}`);
    }
  });

  it("answers queries in their order", async (index) => {
    await index.add("n", [entry("0", axis(0)), entry("1", axis(1)), entry("2", axis(2))]);
    const found = await index.search("n", [axis(2), axis(0), axis(1), axis(2)], { k: 1 });
    equal(found.map(idsOf), [["2"], ["0"], ["1"], ["2"]], "best hits");
  });

  it("replaces the entry of an id that is added again", async (index) => {
    await index.add("n", [entry("1", axis(0)), entry("2", tilted(0.5))]);
    await index.add("n", [{ id: "1", memberId: "other", vector: axis(7) }]);
    equal(await index.count("n"), 2, "count");
    const [hits = []] = await index.search("n", [axis(7)], { k: 1 });
    equal(
      hits.map(({ memberId }) => memberId),
      ["other"],
      "member",
    );
    equal(idsOf((await index.search("n", [axis(0)], { k: 1 }))[0]), ["2"], "hits of the old vector");
  });

  it("removes ids and passes over those that are not there", async (index) => {
    await index.add("n", [entry("1", axis(0)), entry("2", axis(0)), entry("3", axis(0))]);
    await index.remove("n", ["1", "none", "1"]);
    await index.remove("elsewhere", ["2"]);
    equal(await index.count("n"), 2, "count");
    equal(idsOf((await index.search("n", [axis(0)], { k: 5 }))[0]), ["2", "3"], "hits");
    await index.remove("n", ["2", "3"]);
    equal(await index.search("n", [axis(0)], { k: 5 }), [[]], "hits after all were removed");
    await index.add("n", [entry("2", axis(1))]);
    equal(await index.count("n"), 1, "count after an id came back");
  });

  it("searches only the members asked for", async (index) => {
    await index.add("n", [entry("1", axis(0)), entry("2", tilted(0.9)), entry("3", tilted(0.8))]);
    const search = async (memberIds: string[]): Promise<string[]> =>
      idsOf((await index.search("n", [axis(0)], { k: 1, memberIds }))[0]);
    equal(await search(["member-3", "member-2"]), ["2"], "best of two members");
    equal(await search(["member-none"]), [], "hits of an unknown member");
    equal(await search([]), [], "hits of no members");
  });

  it("keeps namespaces apart, 200 of them", async (index) => {
    for (let i = 0; i < 200; i++) await index.add(`event-${i}`, [entry(`${i}`, axis(i % 8)), entry("x", axis(7))]);
    for (let i = 0; i < 200; i += 2) await index.remove(`event-${i}`, ["x"]);
    for (let i = 0; i < 200; i++) {
      equal(await index.count(`event-${i}`), i % 2 === 0 ? 1 : 2, `count of event-${i}`);
      const [hits = []] = await index.search(`event-${i}`, [axis(i % 8)], { k: 5, memberIds: [`member-${i}`] });
      equal(idsOf(hits), [`${i}`], `hits in event-${i}`);
    }
  });

  it("takes odd names for what they are", async (index) => {
    for (const name of oddNames) await index.add(name, [{ id: name, memberId: name, vector: axis(0) }]);
    for (const name of oddNames) {
      const found = await index.search(name, [axis(0)], { k: 9, memberIds: [name] });
      equal(idsOf(found[0]), [name], `hits in ${name}`);
      await index.remove(name, [name]);
      equal(await index.count(name), 0, `count of ${name}`);
    }
  });

  for (const [why, name] of badNames) {
    it(`refuses names that are ${why}, and adds nothing of the batch`, async (index) => {
      const bad = { id: name, memberId: "ann", vector: axis(0) };
      await rejects(() => index.add(name, [entry("1", axis(0))]), "invalid-argument", "namespace");
      await rejects(() => index.add("n", [entry("1", axis(0)), bad]), "invalid-argument", "id");
      equal(await index.count("n"), 0, "count");
    });
  }

  for (const [why, vector] of badVectors) {
    it(`refuses vectors of ${why}, and adds nothing of the batch`, async (index) => {
      await rejects(() => index.add("n", [entry("1", axis(0)), entry("2", vector)]), "invalid-vector", "add");
      equal(await index.count("n"), 0, "count");
      await rejects(() => index.search("n", [axis(0), vector], { k: 1 }), "invalid-vector", "search");
    });
  }

  it("refuses a k that is no whole number of 1 or more", async (index) => {
    await index.add("n", [entry("1", axis(0))]);
    for (const k of [0, -1, 1.5, Number.NaN]) {
      await rejects(() => index.search("n", [axis(0)], { k }), "invalid-argument", `k = ${k}`);
    }
  });

  it("keeps copies of vectors", async (index) => {
    const vector = axis(0);
    await index.add("n", [entry("1", vector)]);
    vector.fill(9);
    near((await index.search("n", [axis(0)], { k: 1 }))[0]?.[0]?.similarity ?? 0, 1, 1e-6, "similarity");
  });

  it("rejects with the signal's own reason", async (index) => {
    await index.add("n", [entry("1", axis(0))]);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => index.search("n", [axis(0)], { k: 1, signal }), reason, "search");
  });

  it("is emptied by open, which may bind it to another space", async (index) => {
    await index.add("n", [entry("1", axis(0))]);
    await index.open({ id: "other", dimensions: 3, metric: "cosine" });
    equal(await index.count("n"), 0, "count");
    await index.add("n", [entry("1", Float32Array.of(0, 1, 0))]);
    equal(idsOf((await index.search("n", [Float32Array.of(0, 1, 0)], { k: 1 }))[0]), ["1"], "hits");
  });

  it("agrees with a full comparison through random additions, replacements and removals", async (index) => {
    const random = seeded(2);
    const truth = new Map<string, IndexEntry>();
    for (let round = 0; round < 25; round++) {
      const added = Array.from({ length: Math.floor(random() * 80) }, () =>
        entry(`t${Math.floor(random() * 500)}`, randomVector(random), `m${Math.floor(random() * 40)}`),
      );
      await index.add("n", added);
      for (const item of added) truth.set(item.id, item);
      const removed = shuffled([...truth.keys()], random).slice(0, Math.floor(random() * 40));
      await index.remove("n", removed);
      for (const id of removed) truth.delete(id);

      equal(await index.count("n"), truth.size, `count after round ${round}`);
      const queries = Array.from({ length: 3 }, () => randomVector(random));
      const k = 1 + Math.floor(random() * 20);
      const memberIds = random() < 0.5 ? undefined : Array.from({ length: 15 }, (_, i) => `m${i}`);
      const found = await index.search("n", queries, { k, ...(memberIds === undefined ? {} : { memberIds }) });
      queries.forEach((query, q) => {
        const expected = bruteForce([...truth.values()], query, k, memberIds);
        compareHits(found[q] ?? [], expected, index.capabilities.exact);
      });
    }
  });

  it("is exact in a gallery of 20,000 templates, while others search and add", async (index) => {
    const random = seeded(3);
    const entries = Array.from({ length: 20_000 }, (_, i) => entry(`t${i}`, randomVector(random), `m${i % 7000}`));
    await index.add("n", entries);
    const queries = Array.from({ length: 20 }, () => randomVector(random));
    const [found] = await Promise.all([
      index.search("n", queries, { k: 10 }),
      index.search("n", queries, { k: 1 }),
      index.add("m", entries.slice(0, 100)),
    ]);
    queries.forEach((query, q) => {
      compareHits(found[q] ?? [], bruteForce(entries, query, 10), index.capabilities.exact);
    });
  });

  it("comes back from what it saved, where it can save", async (index) => {
    const random = seeded(4);
    const names = ["n", ...oddNames];
    const entries = (count: number, from = 0): IndexEntry[] =>
      Array.from({ length: count }, (_, i) => entry(`t${from + i}`, randomVector(random), `m${i % 50}`));
    for (const name of names) await index.add(name, entries(name === "n" ? 6000 : 30));
    await index.remove("n", ["t3", "t5999"]);
    const pieces = await saved(index, () => index.add("n", entries(3000, 6000)));
    if (pieces === undefined) return;
    const truth = new Map<string, IndexHit[][]>();
    const queries = Array.from({ length: 5 }, () => randomVector(random));
    await index.remove(
      "n",
      Array.from({ length: 3000 }, (_, i) => `t${6000 + i}`),
    );
    for (const name of names) truth.set(name, await index.search(name, queries, { k: 9 }));
    await lend(create, async (again) => {
      await again.open(space);
      equal(await again.restore?.(readerOf(pieces)), 5998 + 30 * oddNames.length, "templates restored");
      for (const name of names) equal(await again.search(name, queries, { k: 9 }), truth.get(name), `hits in ${name}`);
      await again.add("n", [entry("new", axis(0))]);
      await again.remove("n", ["t7"]);
      equal(await again.count("n"), 5998, "count after an addition and a removal");
      equal(idsOf((await again.search("n", [axis(0)], { k: 1 }))[0]), ["new"], "the best hit after an addition");
    });
    await lend(create, async (other) => {
      const otherSpace = { ...space, id: "other" };
      await other.open(otherSpace);
      equal(await other.restore?.(readerOf(pieces)), undefined, "restoring another space");
      equal(await other.count("n"), 0, "count of another space");
      await other.open(space);
      const cut = other.restore?.(readerOf(pieces.slice(0, -1))).catch(() => "rejected");
      equal(await cut, "rejected", "restoring what was cut");
      equal(await other.count("n"), 0, "count after a failed restoring");
      await other.add("n", [entry("1", axis(0))]);
      equal(await other.count("n"), 1, "count after an addition");
    });
  });

  it("tells that what it saved is of no use when entries change meanwhile", async (index) => {
    await index.add(
      "n",
      Array.from({ length: 50 }, (_, i) => entry(`${i}`, axis(i % 8))),
    );
    equal(await saved(index, () => index.remove("n", ["7"])), undefined, "pieces after a removal");
    equal(await saved(index, () => index.add("n", [entry("8", axis(2))])), undefined, "pieces after a replacement");
  });

  it("may be disposed twice", async (index) => {
    await index[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
  });
}

function entry(id: string, vector: Float32Array, memberId = `member-${id}`): IndexEntry {
  return { id, memberId, vector };
}

/** What the index writes, undefined where it cannot or gave up. Something else happens after the third piece. */
async function saved(index: VectorIndex, meanwhile: () => Promise<void>): Promise<Uint8Array[] | undefined> {
  const pieces: Uint8Array[] = [];
  let happened: Promise<void> | undefined;
  const useful = await index.save?.(async (bytes) => {
    pieces.push(bytes.slice());
    if (pieces.length >= 3) happened ??= meanwhile();
  });
  await (happened ?? meanwhile());
  return useful ? pieces : undefined;
}

function readerOf(pieces: readonly Uint8Array[]): SnapshotReader {
  let next = 0;
  return async (target) => {
    const piece = pieces[next++];
    if (piece?.length !== target.length) throw new Error("There is no piece of this length.");
    target.set(piece);
  };
}

function idsOf(hits: readonly IndexHit[] | undefined): string[] {
  return (hits ?? []).map(({ id }) => id);
}

function bruteForce(
  entries: readonly IndexEntry[],
  query: Float32Array,
  k: number,
  memberIds?: readonly string[],
): IndexHit[] {
  return entries
    .filter(({ memberId }) => memberIds === undefined || memberIds.includes(memberId))
    .map(({ id, memberId, vector }) => ({ id, memberId, similarity: dot(vector, query) }))
    .sort((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1))
    .slice(0, k);
}

function compareHits(found: readonly IndexHit[], expected: readonly IndexHit[], exact: boolean): void {
  if (exact) equal(idsOf(found), idsOf(expected), "hits");
  const wanted = new Map(expected.map((hit) => [hit.id, hit]));
  const right = found.filter(({ id }) => wanted.has(id));
  for (const hit of right) {
    equal(hit.memberId, wanted.get(hit.id)?.memberId, `member of ${hit.id}`);
    near(hit.similarity, wanted.get(hit.id)?.similarity ?? 0, 1e-5, `similarity of ${hit.id}`);
  }
  ensure(
    right.length >= leastRecall * expected.length,
    `Recall must be at least ${leastRecall}; found ${right.length} of ${expected.length}.`,
  );
}
