import { type FaceRecord, isFaceKitError, type VectorStore } from "@facekit/core";
import { agrees } from "./agrees.js";
import { ensure, equal } from "./expect.js";
import { axis, photos, randomVector, record, seeded, space } from "./samples.js";
import { lend, type PersistentConformanceOptions, pause } from "./suite.js";

/** Writing, erasing and searching at a time. Part of the suite of `VectorStore`. */
export function storeRaces({ test, create, reopen }: PersistentConformanceOptions<VectorStore>): void {
  const it = (name: string, run: (store: VectorStore, other: VectorStore) => Promise<void>): void =>
    test(`VectorStore, races: ${name}`, () =>
      lend(create, async (store) => {
        await store.open(space);
        if (reopen === undefined) return run(store, store);
        await lend(
          () => reopen(store),
          async (other) => {
            await other.open(space);
            await run(store, other);
          },
        );
      }));

  it("two writers register the same member at once, and the same photo twice", async (store, other) => {
    const random = seeded(21);
    const all: FaceRecord[] = [];
    for (let round = 0; round < 6; round++) {
      const one = photos(`member-${round}`, `${round}-a`, random);
      const two = photos(`member-${round}`, `${round}-b`, random);
      await Promise.all([store.upsert("n", one), other.upsert("n", two), other.upsert("n", one)]);
      all.push(...one, ...two);
    }
    for (const each of [store, other]) await agrees(each, "n", all, random);
  });

  it("members are erased and replaced while others search", async (store, other) => {
    const random = seeded(22);
    const kept = Array.from({ length: 40 }, (_, i) => photos(`kept-${i}`, `k${i}`, random)).flat();
    const gone = Array.from({ length: 20 }, (_, i) => photos(`gone-${i}`, `g${i}`, random)).flat();
    await store.upsert("n", [...kept, ...gone]);
    const erased = new Set<string>();
    let changing = true;
    const change = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        equal(await other.deleteMember("n", `gone-${i}`), 3, "templates erased");
        erased.add(`gone-${i}`);
        await other.upsert("n", kept.slice(i * 6, i * 6 + 6));
      }
      changing = false;
    };
    const search = async (): Promise<void> => {
      const known = new Set([...kept, ...gone].map(({ memberId }) => memberId));
      while (changing) {
        const before = new Set(erased);
        const [matches = []] = (await store.search("n", [randomVector(random)], { k: 60 })).matches;
        const ids = matches.map(({ memberId }) => memberId);
        equal(ids.length, new Set(ids).size, "members found, each once");
        ensure(
          ids.every((memberId) => known.has(memberId)),
          "A search may find no one who was never registered.",
        );
        const stale = ids.filter((memberId) => before.has(memberId));
        if (store.capabilities.readAfterWrite) equal(stale, [], "members who were erased before the search");
      }
    };
    await Promise.all([change(), search(), search()]);
    for (const each of [store, other]) await agrees(each, "n", kept, random);
  });

  it("a namespace is erased while another writes: each member is there whole or not at all", async (store, other) => {
    const random = seeded(23);
    const written: FaceRecord[][] = [];
    let [erased, writing] = [0, true];
    const write = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const batch = photos(`m${i}`, `m${i}`, random);
        await store.upsert("n", batch);
        written.push(batch);
      }
      writing = false;
    };
    const erase = async (): Promise<void> => {
      while (writing) {
        const deleted = await other.deleteNamespace("n");
        equal(deleted % 3, 0, "templates erased, over whole members");
        erased += deleted;
        await pause(3);
      }
    };
    await Promise.all([write(), erase()]);
    const there = new Map<string, number>();
    for await (const { memberId, templates } of store.members("n")) there.set(memberId, templates);
    equal(
      [...there].filter(([, templates]) => templates !== 3),
      [],
      "members of whom a part is there",
    );
    equal(erased + 3 * there.size, 3 * written.length, "templates erased and templates there, of those acknowledged");
    await agrees(
      store,
      "n",
      written.flat().filter(({ memberId }) => there.has(memberId)),
      random,
    );
  });

  it("of many that register the same face on one condition one wins, where it claims to", async (store, other) => {
    if (!store.capabilities.conditionalWrites) return;
    for (let round = 0; round < 4; round++) {
      const probe = axis(round);
      const register = async (writer: VectorStore, name: string): Promise<boolean> => {
        const { revision, matches } = await writer.search("n", [probe], { k: 1 });
        if ((matches[0]?.[0]?.similarity ?? -1) > 0.9) return false;
        try {
          await writer.upsert("n", [record(name, name, probe)], { ifRevision: revision });
          return true;
        } catch (error) {
          if (isFaceKitError(error, "conflict")) return false;
          throw error;
        }
      };
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, i) => register(i % 2 === 0 ? store : other, `${round}-${i}`)),
      );
      equal(won.filter(Boolean).length, 1, "members made for one face");
    }
    equal(await store.count("n"), { members: 4, templates: 4 }, "count");
  });
}
