import {
  dot,
  type IndexEntry,
  type IndexHit,
  type IndexSearchOptions,
  type SnapshotReader,
  type VectorIndex,
} from "@facekit/core";
import { type Compared, withMeans } from "./compared.js";
import { ensure, equal, near, rejects, rejectsWith } from "./expect.js";
import {
  axis,
  badNames,
  badVectors,
  mirrored,
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
    equal(await search(index, "n", [axis(0), axis(1)], { k: 3 }), [[], []], "search");
    equal(await search(index, "n", [], { k: 3 }), [], "search of nothing");
  });

  it("finds the best first, with unrounded similarities", async (index) => {
    await index.add("n", [entry("far", tilted(0.2)), entry("near", tilted(0.9)), entry("middle", tilted(0.5))]);
    const [hits = []] = await search(index, "n", [axis(0)], { k: 2 });
    equal(idsOf(hits), ["near", "middle"], "hits");
    equal(hits[0]?.memberId, "member-near", "member of the best hit");
    near(hits[0]?.similarity ?? 0, dot(tilted(0.9), axis(0)), 1e-6, "similarity");
    equal((await search(index, "n", [axis(0)], { k: 50 }))[0]?.length, 3, "hits where k exceeds the count");
  });

  it("breaks ties by id in code units", async (index) => {
    const names = shuffled(sortedNames, seeded(1));
    await index.add(
      "n",
      names.map((name) => entry(name, axis(0))),
    );
    for (let k = 1; k <= names.length; k++) {
      const [hits = []] = await search(index, "n", [axis(0)], { k });
      equal(idsOf(hits), sortedNames.slice(0, k), `the best ${k}`);
    }
  });

  it("compares with the mean of a member's templates too", async (index) => {
    await index.add("n", [
      entry("1", tilted(0.6), "ann"),
      entry("2", tilted(0.95), "bob"),
      entry("3", mirrored(0.6), "ann"),
    ]);
    await index.add("other", [entry("4", axis(3), "bob"), entry("5", axis(4), "ann")]);
    const [hits = []] = await search(index, "n", [axis(0)], { k: 9 });
    equal(
      hits.map(({ id, memberId }) => [id, memberId]),
      [
        [undefined, "ann"],
        ["2", "bob"],
        ["1", "ann"],
        ["3", "ann"],
      ],
      "hits",
    );
    near(hits[0]?.similarity ?? 0, 1, 1e-6, "similarity to a mean, of unit length");
    equal(idsOf((await search(index, "n", [axis(0)], { k: 1 }))[0]), [undefined], "the best hit");
    const among = await search(index, "n", [axis(0)], { k: 9, memberIds: ["bob"] });
    equal(among.map(idsOf), [["2"]], "hits of a member with one template");
    equal(await index.count("n"), 3, "templates");
    for (const options of [{ k: 1 }, { k: 1, memberIds: ["bob"] }]) {
      equal((await index.search("n", [axis(0)], options)).comparisons, 4, "comparisons");
    }
    equal((await index.search("n", [], { k: 1 })).comparisons, 4, "comparisons of a search of nothing");
    equal((await index.search("nowhere", [axis(0)], { k: 1 })).comparisons, 0, "comparisons in an empty namespace");
  });

  it("names templates before means that are as near, and means by their members in code units", async (index) => {
    const names = shuffled(sortedNames, seeded(5));
    // The mean of equal vectors along an axis is that vector, without rounding.
    for (const name of names)
      await index.add("n", [entry(`${name}-1`, axis(0), name), entry(`${name}-2`, axis(0), name)]);
    const expected = [
      ...sortedNames.flatMap((name) => [`${name}-1`, `${name}-2`]).sort((a, b) => (a < b ? -1 : 1)),
      ...sortedNames.map(() => undefined),
    ];
    for (let k = 1; k <= expected.length; k++) {
      const [hits = []] = await search(index, "n", [axis(0)], { k });
      equal(idsOf(hits), expected.slice(0, k), `the best ${k}`);
    }
    const [hits = []] = await search(index, "n", [axis(0)], { k: expected.length });
    equal(
      hits.slice(-names.length).map(({ memberId }) => memberId),
      sortedNames,
      "members of the means",
    );
  });

  it("keeps nothing of a removed or replaced template in a mean", async (index) => {
    const similarityToMean = async (query: Float32Array): Promise<number | undefined> =>
      (await search(index, "n", [query], { k: 9 }))[0]?.find(({ id }) => id === undefined)?.similarity;
    await index.add("n", [entry("1", axis(0), "ann"), entry("2", axis(1), "ann"), entry("3", axis(2), "ann")]);
    near((await similarityToMean(axis(0))) ?? 0, Math.sqrt(1 / 3), 1e-6, "similarity to the mean of three");
    await index.remove("n", ["1"]);
    near((await similarityToMean(axis(0))) ?? 1, 0, 1e-6, "similarity of a removed template to the mean of the others");
    near((await similarityToMean(axis(1))) ?? 0, Math.sqrt(1 / 2), 1e-6, "similarity to the mean of two");
    await index.add("n", [entry("3", axis(3), "ann")]);
    near((await similarityToMean(axis(2))) ?? 1, 0, 1e-6, "similarity of a replaced template to the mean");
    await index.add("n", [entry("3", axis(3), "bob")]);
    equal(await similarityToMean(axis(1)), undefined, "mean of a member with one template left");
    await index.add("n", [entry("4", axis(4), "bob")]);
    near((await similarityToMean(axis(3))) ?? 0, Math.sqrt(1 / 2), 1e-6, "similarity to the mean of another member");
    await index.remove("n", ["3", "4"]);
    equal((await index.search("n", [axis(0)], { k: 9 })).comparisons, 1, "comparisons when one template is left");
  });

  it("takes no mean where templates cancel out", async (index) => {
    const opposite = axis(0).map((value) => -value);
    await index.add("n", [entry("1", axis(0), "ann"), entry("2", opposite, "ann")]);
    equal(idsOf((await search(index, "n", [axis(0)], { k: 9 }))[0]), ["1", "2"], "hits");
    equal((await index.search("n", [axis(0)], { k: 9 })).comparisons, 2, "comparisons");
    await index.add("n", [entry("3", axis(1), "ann")]);
    near((await search(index, "n", [axis(1)], { k: 1 }))[0]?.[0]?.similarity ?? 0, 1, 1e-6, "similarity to the third");
    equal((await index.search("n", [axis(0)], { k: 9 })).comparisons, 4, "comparisons with a third template");
  });

  it("answers queries in their order", async (index) => {
    await index.add("n", [entry("0", axis(0)), entry("1", axis(1)), entry("2", axis(2))]);
    const found = await search(index, "n", [axis(2), axis(0), axis(1), axis(2)], { k: 1 });
    equal(found.map(idsOf), [["2"], ["0"], ["1"], ["2"]], "best hits");
  });

  it("replaces the entry of an id that is added again", async (index) => {
    await index.add("n", [entry("1", axis(0)), entry("2", tilted(0.5))]);
    await index.add("n", [{ id: "1", memberId: "other", vector: axis(7) }]);
    equal(await index.count("n"), 2, "count");
    const [hits = []] = await search(index, "n", [axis(7)], { k: 1 });
    equal(
      hits.map(({ memberId }) => memberId),
      ["other"],
      "member",
    );
    equal(idsOf((await search(index, "n", [axis(0)], { k: 1 }))[0]), ["2"], "hits of the old vector");
  });

  it("removes ids and passes over those that are not there", async (index) => {
    await index.add("n", [entry("1", axis(0)), entry("2", axis(0)), entry("3", axis(0))]);
    await index.remove("n", ["1", "none", "1"]);
    await index.remove("elsewhere", ["2"]);
    equal(await index.count("n"), 2, "count");
    equal(idsOf((await search(index, "n", [axis(0)], { k: 5 }))[0]), ["2", "3"], "hits");
    await index.remove("n", ["2", "3"]);
    equal(await search(index, "n", [axis(0)], { k: 5 }), [[]], "hits after all were removed");
    await index.add("n", [entry("2", axis(1))]);
    equal(await index.count("n"), 1, "count after an id came back");
  });

  it("searches only the members asked for", async (index) => {
    await index.add("n", [entry("1", axis(0)), entry("2", tilted(0.9)), entry("3", tilted(0.8))]);
    const among = async (memberIds: string[]): Promise<(string | undefined)[]> =>
      idsOf((await search(index, "n", [axis(0)], { k: 1, memberIds }))[0]);
    equal(await among(["member-3", "member-2"]), ["2"], "best of two members");
    equal(await among(["member-none"]), [], "hits of an unknown member");
    equal(await among([]), [], "hits of no members");
  });

  it("keeps namespaces apart, 200 of them", async (index) => {
    for (let i = 0; i < 200; i++) await index.add(`event-${i}`, [entry(`${i}`, axis(i % 8)), entry("x", axis(7))]);
    for (let i = 0; i < 200; i += 2) await index.remove(`event-${i}`, ["x"]);
    for (let i = 0; i < 200; i++) {
      equal(await index.count(`event-${i}`), i % 2 === 0 ? 1 : 2, `count of event-${i}`);
      const [hits = []] = await search(index, `event-${i}`, [axis(i % 8)], { k: 5, memberIds: [`member-${i}`] });
      equal(idsOf(hits), [`${i}`], `hits in event-${i}`);
    }
  });

  it("takes odd names for what they are", async (index) => {
    for (const name of oddNames) await index.add(name, [{ id: name, memberId: name, vector: axis(0) }]);
    for (const name of oddNames) {
      const found = await search(index, name, [axis(0)], { k: 9, memberIds: [name] });
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
      await rejects(() => search(index, "n", [axis(0), vector], { k: 1 }), "invalid-vector", "search");
    });
  }

  it("refuses a k that is no whole number of 1 or more", async (index) => {
    await index.add("n", [entry("1", axis(0))]);
    for (const k of [0, -1, 1.5, Number.NaN]) {
      await rejects(() => search(index, "n", [axis(0)], { k }), "invalid-argument", `k = ${k}`);
    }
  });

  it("keeps copies of vectors", async (index) => {
    const vector = axis(0);
    await index.add("n", [entry("1", vector)]);
    vector.fill(9);
    near((await search(index, "n", [axis(0)], { k: 1 }))[0]?.[0]?.similarity ?? 0, 1, 1e-6, "similarity");
  });

  it("rejects with the signal's own reason", async (index) => {
    await index.add("n", [entry("1", axis(0))]);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => search(index, "n", [axis(0)], { k: 1, signal }), reason, "search");
  });

  it("is emptied by open, which may bind it to another space", async (index) => {
    await index.add("n", [entry("1", axis(0))]);
    await index.open({ id: "other", dimensions: 3, metric: "cosine" });
    equal(await index.count("n"), 0, "count");
    await index.add("n", [entry("1", Float32Array.of(0, 1, 0))]);
    equal(idsOf((await search(index, "n", [Float32Array.of(0, 1, 0)], { k: 1 }))[0]), ["1"], "hits");
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
      const found = await search(index, "n", queries, { k, ...(memberIds === undefined ? {} : { memberIds }) });
      queries.forEach((query, q) => {
        const expected = bruteForce(withMeans([...truth.values()]), query, k, memberIds);
        compareHits(found[q] ?? [], expected, index.capabilities.exact);
      });
    }
  });

  it("is exact in a gallery of 20,000 templates, while others search and add", async (index) => {
    const random = seeded(3);
    const entries = Array.from({ length: 20_000 }, (_, i) => entry(`t${i}`, randomVector(random), `m${i % 7000}`));
    await index.add("n", entries);
    const compared = withMeans(entries);
    const queries = Array.from({ length: 20 }, () => randomVector(random));
    const [found] = await Promise.all([
      search(index, "n", queries, { k: 10 }),
      search(index, "n", queries, { k: 1 }),
      index.add("m", entries.slice(0, 100)),
    ]);
    queries.forEach((query, q) => {
      compareHits(found[q] ?? [], bruteForce(compared, query, 10), index.capabilities.exact);
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
    for (const name of names) truth.set(name, await search(index, name, queries, { k: 9 }));
    await lend(create, async (again) => {
      await again.open(space);
      equal(await again.restore?.(readerOf(pieces)), 5998 + 30 * oddNames.length, "templates restored");
      for (const name of names) {
        const found = await search(again, name, queries, { k: 9 });
        truth.get(name)?.forEach((hits, i) => {
          compareHits(found[i] ?? [], hits, index.capabilities.exact);
        });
      }
      await again.add("n", [entry("new", axis(0))]);
      await again.remove("n", ["t7"]);
      equal(await again.count("n"), 5998, "count after an addition and a removal");
      equal(idsOf((await search(again, "n", [axis(0)], { k: 1 }))[0]), ["new"], "the best hit after an addition");
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

async function search(
  index: VectorIndex,
  namespace: string,
  queries: readonly Float32Array[],
  options: IndexSearchOptions,
): Promise<IndexHit[][]> {
  return (await index.search(namespace, queries, options)).hits;
}

function idsOf(hits: readonly IndexHit[] | undefined): (string | undefined)[] {
  return (hits ?? []).map(({ id }) => id);
}

function bruteForce(
  compared: readonly Compared[],
  query: Float32Array,
  k: number,
  memberIds?: readonly string[],
): IndexHit[] {
  return compared
    .filter(({ memberId }) => memberIds === undefined || memberIds.includes(memberId))
    .map(({ vector, ...hit }): IndexHit => ({ ...hit, similarity: dot(vector, query) }))
    .sort((a, b) => b.similarity - a.similarity || (nameOf(a) < nameOf(b) ? -1 : 1))
    .slice(0, k);
}

/** Orders equals: templates by id, then means by member. */
function nameOf({ id, memberId }: IndexHit): string {
  return id === undefined ? `mean of ${memberId}` : `it is ${id}`;
}

function compareHits(found: readonly IndexHit[], expected: readonly IndexHit[], exact: boolean): void {
  if (exact) equal(found.map(nameOf), expected.map(nameOf), "hits");
  const wanted = new Map(expected.map((hit) => [nameOf(hit), hit]));
  const right = found.filter((hit) => wanted.has(nameOf(hit)));
  for (const hit of right) {
    const name = nameOf(hit);
    equal(hit.memberId, wanted.get(name)?.memberId, `member of ${name}`);
    near(hit.similarity, wanted.get(name)?.similarity ?? 0, 1e-5, `similarity of ${name}`);
  }
  ensure(
    right.length >= leastRecall * expected.length,
    `Recall must be at least ${leastRecall}; found ${right.length} of ${expected.length}.`,
  );
}
