import { dot, type MemberMatch, type MemberSearchOptions, type VectorStore } from "@facekit/core";
import { withMeans } from "./compared.js";
import { withoutIds } from "./enrolled.js";
import { ensure, equal, near, rejects, rejectsWith } from "./expect.js";
import {
  axis,
  badNames,
  badVectors,
  minutesAfterNoon,
  mirrored,
  oddNames,
  randomVector,
  record,
  seeded,
  shuffled,
  sortedNames,
  space,
  tilted,
} from "./samples.js";
import { storeRaces } from "./store-races.js";
import { abortedSignal, collect, drain, lend, type PersistentConformanceOptions } from "./suite.js";

/** How long a store that does not read after write may take to show a write. */
const patienceMs = 10_000;

/** What every `VectorStore` must do. Weaknesses that it declares are respected. */
export function vectorStoreConformance({
  test,
  create,
  reopen,
  many = 6000,
}: PersistentConformanceOptions<VectorStore>): void {
  const it = (name: string, run: (store: VectorStore) => Promise<void>): void =>
    test(`VectorStore: ${name}`, () =>
      lend(create, async (store) => {
        await store.open(space);
        await run(store);
      }));

  it("starts empty", async (store) => {
    equal((await store.search("n", [axis(0), axis(1)], { k: 3 })).matches, [[], []], "search");
    equal((await store.search("n", [], { k: 3 })).matches, [], "search of nothing");
    equal(await store.count("n"), { members: 0, templates: 0 }, "count");
    equal(await collect(store.members("n")), [], "members");
  });

  it("finds each write as soon as it promises to", async (store) => {
    for (let i = 0; i < 8; i++) {
      await store.upsert("n", [record(`${i}`, `m${i}`, axis(i))]);
      await shows(store, axis(i), { k: 1 }, [`m${i}`]);
    }
  });

  it("gives each member once, by the nearest of the templates and their mean, best first", async (store) => {
    await store.upsert("n", [
      record("a1", "ann", tilted(0.3)),
      record("a2", "ann", tilted(0.7)),
      record("b1", "bob", tilted(0.5)),
      record("c1", "cho", tilted(0.9)),
      record("c2", "cho", tilted(0.1)),
      record("d1", "dan", mirrored(0.6)),
      record("d2", "dan", tilted(0.6)),
    ]);
    const matches = await shows(store, axis(0), { k: 10 }, ["dan", "cho", "ann", "bob"]);
    equal(
      matches.map(({ templateId }) => templateId),
      [undefined, "c1", "a2", "b1"],
      "nearest templates",
    );
    matches.forEach((match, i) => {
      near(match.similarity, [1, 0.9, 0.7, 0.5][i] ?? 0, 1e-5, `similarity of ${match.memberId}`);
    });
    await shows(store, axis(0), { k: 2 }, ["dan", "cho"]);
    const [dan] = await shows(store, axis(0), { k: 2, memberIds: ["dan"] }, ["dan"]);
    near(dan?.similarity ?? 0, 1, 1e-5, "similarity among the members asked for");
  });

  it("keeps nothing of a replaced template in a mean", async (store) => {
    await store.upsert("n", [record("1", "ann", mirrored(0.6)), record("2", "ann", tilted(0.6))]);
    await store.upsert("n", [record("3", "bob", tilted(0.9))]);
    await shows(store, axis(0), { k: 2 }, ["ann", "bob"]);
    await store.upsert("n", [record("1", "ann", axis(7))]);
    const [, ann] = await shows(store, axis(0), { k: 2 }, ["bob", "ann"]);
    near(ann?.similarity ?? 0, 0.6, 1e-5, "similarity");
    equal(ann?.templateId, "2", "nearest template");
  });

  it("finds k members although one has 50 templates", async (store) => {
    const crowd = Array.from({ length: 50 }, (_, i) => record(`crowd-${i}`, "ann", tilted(0.99 - i / 1000)));
    await store.upsert("n", [...crowd, record("b", "bob", tilted(0.5)), record("c", "cho", tilted(0.4))]);
    await shows(store, axis(0), { k: 3 }, ["ann", "bob", "cho"]);
    await shows(store, axis(0), { k: 2 }, ["ann", "bob"]);
  });

  it("breaks ties by member id in code units", async (store) => {
    const names = shuffled(sortedNames, seeded(1));
    await store.upsert(
      "n",
      names.map((name, i) => record(`${i}`, name, axis(0))),
    );
    for (let k = 1; k <= names.length; k++) await shows(store, axis(0), { k }, sortedNames.slice(0, k));
  });

  it("answers probes in their order", async (store) => {
    await store.upsert("n", [record("0", "m0", axis(0)), record("1", "m1", axis(1)), record("2", "m2", axis(2))]);
    await shows(store, axis(2), { k: 1 }, ["m2"]);
    const { matches } = await store.search("n", [axis(1), axis(2), axis(0)], { k: 1 });
    equal(matches.map(membersOf), [["m1"], ["m2"], ["m0"]], "best members");
  });

  it("searches only the members asked for", async (store) => {
    await store.upsert("n", [
      record("1", "ann", axis(0)),
      record("2", "bob", tilted(0.9)),
      record("3", "cho", axis(2)),
    ]);
    await shows(store, axis(0), { k: 3, memberIds: ["cho", "bob"] }, ["bob", "cho"]);
    await shows(store, axis(0), { k: 3, memberIds: ["nobody"] }, []);
    await shows(store, axis(0), { k: 3, memberIds: [] }, []);
  });

  it("tells, if it tells, with how many templates and means a search compares", async (store) => {
    await store.upsert("other", [record("1", "zoe")]);
    await store.upsert("n", [record("1", "ann", axis(0)), record("2", "ann", axis(1)), record("3", "bob", axis(2))]);
    await shows(store, axis(0), { k: 2 }, ["ann", "bob"]);
    const sizeOf = async (namespace: string, probes: Float32Array[], memberIds?: string[]) =>
      (await store.search(namespace, probes, { k: 1, ...(memberIds === undefined ? {} : { memberIds }) })).comparisons;
    const told = await sizeOf("n", [axis(0)]);
    if (told === undefined) return;
    equal(told, 4, "comparisons");
    equal(await sizeOf("n", []), 4, "comparisons of a search of nothing");
    equal(await sizeOf("nowhere", [axis(0)]), 0, "comparisons in an empty namespace");
    equal(await sizeOf("n", [axis(0)], ["bob"]), undefined, "comparisons of a search among members");
  });

  it("replaces a template that is written again", async (store) => {
    await store.upsert("n", [record("1", "ann", axis(0)), record("2", "bob", tilted(0.5))]);
    await shows(store, axis(0), { k: 1 }, ["ann"]);
    await store.upsert("n", [record("1", "ann", axis(7))]);
    await shows(store, axis(0), { k: 1 }, ["bob"]);
    equal(await store.count("n"), { members: 2, templates: 2 }, "count");
  });

  it("forgets a deleted member", async (store) => {
    await store.upsert("n", [
      record("1", "ann", axis(0)),
      record("2", "ann", axis(1)),
      record("3", "bob", tilted(0.5)),
    ]);
    await shows(store, axis(0), { k: 2 }, ["ann", "bob"]);
    equal(await store.deleteMember("n", "ann"), 2, "templates deleted");
    await shows(store, axis(0), { k: 2 }, ["bob"]);
    equal(await store.deleteMember("n", "ann"), 0, "templates deleted the second time");
    equal(await store.count("n"), { members: 1, templates: 1 }, "count");
    await store.upsert("n", [record("1", "ann", axis(0))]);
    await shows(store, axis(0), { k: 1 }, ["ann"]);
  });

  it("keeps namespaces apart", async (store) => {
    await store.upsert("a", [record("1", "ann", axis(0)), record("2", "bob", axis(1))]);
    await store.upsert("b", [record("1", "zoe", axis(0))]);
    await shows(store, axis(0), { k: 5 }, ["zoe"], "b");
    equal(await store.deleteMember("b", "ann"), 0, "ann's templates in b");
    equal(await store.deleteNamespace("a"), 2, "templates in a");
    equal(await store.deleteNamespace("a"), 0, "templates in a, again");
    await shows(store, axis(0), { k: 5 }, [], "a");
    await shows(store, axis(0), { k: 5 }, ["zoe"], "b");
  });

  it("lists members by id in code units, with counts, first and last dates", async (store) => {
    await store.upsert(
      "n",
      shuffled(sortedNames, seeded(2)).flatMap((name, i) => [
        { ...record(`${i}-2`, name), createdAt: minutesAfterNoon(2) },
        { ...record(`${i}-1`, name), createdAt: minutesAfterNoon(1) },
      ]),
    );
    const [enrolledAt, lastEnrolledAt] = [minutesAfterNoon(1), minutesAfterNoon(2)];
    const expected = sortedNames.map((memberId) => ({ memberId, templates: 2, enrolledAt, lastEnrolledAt }));
    equal(withoutIds(await collect(store.members("n"))), expected, "members");
    equal(await store.count("n"), { members: sortedNames.length, templates: 2 * sortedNames.length }, "count");
  });

  for (const [why, vector] of badVectors) {
    it(`refuses vectors of ${why}, and writes nothing of the batch (atomic)`, async (store) => {
      const batch = [record("1", "ann"), record("2", "ann", vector), record("3", "ann")];
      await rejects(() => store.upsert("n", batch), "invalid-vector", "upsert");
      equal(await store.count("n"), { members: 0, templates: 0 }, "count");
      await rejects(() => store.search("n", [axis(0), vector], { k: 1 }), "invalid-vector", "search");
    });
  }

  for (const [why, name] of badNames) {
    it(`refuses names that are ${why}, and writes nothing of the batch (atomic)`, async (store) => {
      await rejects(() => store.upsert(name, [record("1", "ann")]), "invalid-argument", "namespace");
      await rejects(() => store.upsert("n", [record("1", "ann"), record(name, "ann")]), "invalid-argument", "id");
      await rejects(() => store.upsert("n", [record("1", "ann"), record("2", name)]), "invalid-argument", "member id");
      await rejects(() => store.search(name, [axis(0)], { k: 1 }), "invalid-argument", "search");
      equal(await store.count("n"), { members: 0, templates: 0 }, "count");
    });
  }

  it("refuses a k that is no whole number of 1 or more", async (store) => {
    for (const k of [0, -1, 1.5, Number.NaN]) {
      await rejects(() => store.search("n", [axis(0)], { k }), "invalid-argument", `k = ${k}`);
    }
  });

  it("takes odd names for what they are", async (store) => {
    for (const name of oddNames) await store.upsert(name, [record(name, name, axis(0))]);
    for (const name of oddNames) {
      const [match] = await shows(store, axis(0), { k: 5, memberIds: [name] }, [name], name);
      equal(match?.templateId, name, "template");
      equal(await store.deleteMember(name, name), 1, `templates of ${name}`);
    }
  });

  it("keeps copies of vectors", async (store) => {
    const vector = axis(0);
    await store.upsert("n", [record("1", "ann", vector)]);
    vector.fill(9);
    const [match] = await shows(store, axis(0), { k: 1 }, ["ann"]);
    near(match?.similarity ?? 0, 1, 1e-5, "similarity");
  });

  it("writes on condition, where it claims to", async (store) => {
    if (!store.capabilities.conditionalWrites) return;
    const { revision } = await store.search("n", [axis(0)], { k: 1 });
    await store.upsert("n", [record("1", "ann")], { ifRevision: revision });
    await rejects(() => store.upsert("n", [record("2", "bob")], { ifRevision: revision }), "conflict", "stale write");
    equal(await store.count("n"), { members: 1, templates: 1 }, "count");
    await store.upsert("other", [record("1", "ann")]);
    const seen = await store.search("n", [axis(0)], { k: 1 });
    const results = await Promise.allSettled(
      ["2", "3"].map((id) => store.upsert("n", [record(id, "bob")], { ifRevision: seen.revision })),
    );
    equal(results.filter(({ status }) => status === "fulfilled").length, 1, "winners of a race");
  });

  it("keeps all of 20 writes at a time", async (store) => {
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        await store.upsert("n", [record(`${i}`, `m${i}`, axis(i % 8))]);
        await store.search("n", [axis(0)], { k: 1 });
      }),
    );
    equal(await store.count("n"), { members: 20, templates: 20 }, "count");
    equal((await shows(store, axis(0), { k: 3 }, ["m0", "m16", "m8"])).length, 3, "members found");
  });

  it("agrees with a full comparison, where it claims to be exact", async (store) => {
    if (!store.capabilities.exact) return;
    const random = seeded(3);
    const records = Array.from({ length: 400 }, (_, i) => record(`t${i}`, `m${i % 60}`, randomVector(random)));
    await store.upsert("n", records);
    for (let round = 0; round < 10; round++) {
      const probe = randomVector(random);
      const best = new Map<string, number>();
      for (const { memberId, vector } of withMeans(records)) {
        best.set(memberId, Math.max(best.get(memberId) ?? -2, dot(vector, probe)));
      }
      const expected = [...best].sort(([, a], [, b]) => b - a).slice(0, 12);
      await shows(
        store,
        probe,
        { k: 12 },
        expected.map(([memberId]) => memberId),
      );
    }
  });

  it("may be opened again for its space, and refuses another", async (store) => {
    await store.upsert("n", [record("1", "ann")]);
    await store.open(space);
    await rejects(() => store.open({ ...space, id: "other" }), "space-mismatch", "another id");
    await rejects(() => store.open({ ...space, dimensions: 9 }), "space-mismatch", "other dimensions");
    await shows(store, axis(0), { k: 1 }, ["ann"]);
  });

  it("rejects with the signal's own reason, and writes nothing", async (store) => {
    await store.upsert("n", [record("1", "ann")]);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => store.upsert("n", [record("2", "bob")], { signal }), reason, "upsert");
    await rejectsWith(() => store.search("n", [axis(0)], { k: 1, signal }), reason, "search");
    await rejectsWith(() => store.deleteMember("n", "ann", { signal }), reason, "deleteMember");
    await rejectsWith(() => store.deleteNamespace("n", { signal }), reason, "deleteNamespace");
    await rejectsWith(() => store.count("n", { signal }), reason, "count");
    await rejectsWith(() => drain(store.members("n", { signal })), reason, "members");
    equal(await store.count("n"), { members: 1, templates: 1 }, "count");
  });

  it("may be disposed twice", async (store) => {
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  storeRaces({ test, create, ...(reopen && { reopen }) });
  if (reopen === undefined) return;

  it("keeps acknowledged writes over a restart", async (store) => {
    ensure(store.capabilities.persistent, "A store that can be reopened must declare `persistent`.");
    await store.upsert("n", [record("1", "ann", axis(0)), record("2", "bob", axis(1))]);
    await store.deleteMember("n", "bob");
    await store[Symbol.asyncDispose]();
    await lend(
      () => reopen(store),
      async (again) => {
        await again.open(space);
        await shows(again, axis(0), { k: 5 }, ["ann"]);
      },
    );
  });

  it("finds the same of many templates over restarts, with what was written and erased since", async (store) => {
    const random = seeded(4);
    const records = Array.from({ length: many }, (_, i) => record(`t${i}`, `m${i}`, randomVector(random)));
    const probes = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? randomVector(random) : axis(i % 8)));
    await store.upsert("n", records);
    const { matches } = await store.search("n", probes, { k: 3 });
    await store[Symbol.asyncDispose]();
    const best = matches[0]?.[0]?.memberId ?? "";
    const rounds: readonly ((again: VectorStore) => Promise<unknown>)[] = [
      async (again) => equal((await again.search("n", probes, { k: 3 })).matches, matches, "matches after a restart"),
      (again) => again.upsert("n", [record("new", "new", probes[0])]),
      (again) => shows(again, probes[0] ?? axis(0), { k: 2 }, ["new", best]),
      (again) => again.deleteMember("n", best),
      async (again) => {
        const [found] = (await again.search("n", probes, { k: 2 })).matches;
        ensure(!membersOf(found ?? []).includes(best), "An erased member must stay erased after a restart.");
        equal(await again.count("n"), { members: many, templates: many }, "count");
      },
    ];
    for (const round of rounds) {
      await lend(
        () => reopen(store),
        async (again) => {
          await again.open(space);
          await round(again);
        },
      );
    }
  });

  it("sees the writes of another process", async (store) => {
    await lend(
      () => reopen(store),
      async (other) => {
        await other.open(space);
        await other.upsert("n", [record("1", "ann", axis(0))]);
        await shows(store, axis(0), { k: 5 }, ["ann"]);
        await store.deleteMember("n", "ann");
        await shows(other, axis(0), { k: 5 }, []);
      },
    );
  });
}

/** Searches until these members are found: at once, or within the patience where the store does not read after write. */
async function shows(
  store: VectorStore,
  probe: Float32Array,
  options: MemberSearchOptions,
  expected: readonly string[],
  namespace = "n",
): Promise<readonly MemberMatch[]> {
  const deadline = performance.now() + (store.capabilities.readAfterWrite ? 0 : patienceMs);
  for (;;) {
    const [matches = []] = (await store.search(namespace, [probe], options)).matches;
    if (membersOf(matches).join("\n") === expected.join("\n")) return matches;
    if (performance.now() >= deadline) equal(membersOf(matches), expected, "members found");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function membersOf(matches: readonly MemberMatch[]): string[] {
  return matches.map(({ memberId }) => memberId);
}
