import type { PhotoStore } from "@facekit/core";
import { ensure, equal, rejects, rejectsWith } from "./expect.js";
import { badNames, oddNames, seeded, shuffled, sortedNames } from "./samples.js";
import { abortedSignal, collect, drain, lend, type PersistentConformanceOptions } from "./suite.js";

/** What every `PhotoStore` must do. Bytes are never looked at: they need not be a photo. */
export function photoStoreConformance({
  test,
  create,
  reopen,
  many = 300,
}: PersistentConformanceOptions<PhotoStore>): void {
  const it = (name: string, run: (store: PhotoStore) => Promise<void>): void =>
    test(`PhotoStore: ${name}`, () => lend(create, run));

  it("starts empty", async (store) => {
    equal(await store.get("n", "ann", "1"), undefined, "get");
    equal(await collect(store.list("n")), [], "list");
    equal(await store.deleteMember("n", "ann"), 0, "photos of nobody");
  });

  it("gives back the bytes that were put", async (store) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const large = new Uint8Array(3_000_000).map((_, i) => (i * 31) % 251);
    await store.put("n", "ann", "all", all);
    await store.put("n", "ann", "large", large);
    sameBytes(await store.get("n", "ann", "all"), all);
    sameBytes(await store.get("n", "ann", "large"), large);
    equal(await store.get("n", "ann", "none"), undefined, "another id");
    equal(await store.get("n", "bob", "all"), undefined, "another member");
    equal(await store.get("m", "ann", "all"), undefined, "another namespace");
  });

  it("replaces a photo that is put again", async (store) => {
    await store.put("n", "ann", "1", bytes(1, 1, 1));
    await store.put("n", "ann", "1", bytes(2));
    sameBytes(await store.get("n", "ann", "1"), bytes(2));
    equal(await idsOf(store), [["ann", "1"]], "list");
  });

  it("lists photos by member, then by id, in code units, with dates where it keeps them", async (store) => {
    const pairs = sortedNames.flatMap((memberId) => sortedNames.slice(0, 3).map((id) => [memberId, id] as const));
    for (const [memberId, id] of shuffled(pairs, seeded(1))) await store.put("n", memberId, id, bytes(1));
    equal(await idsOf(store), pairs, "list");
    for (const { keptAt } of await collect(store.list("n"))) {
      const age = keptAt === undefined ? 0 : Math.abs(Date.now() - keptAt.getTime());
      ensure(age < 86_400_000, `A photo that was kept just now is dated ${keptAt?.toISOString()}.`);
    }
  });

  it("erases a member's photos, in one namespace", async (store) => {
    for (const namespace of ["a", "b"]) {
      for (const memberId of ["ann", "an", "annie", "bob"]) {
        for (const id of ["1", "2"]) await store.put(namespace, memberId, id, bytes(1));
      }
    }
    equal(await store.deleteMember("a", "ann"), 2, "photos of ann in a");
    equal(await store.deleteMember("a", "ann"), 0, "photos of ann in a, again");
    equal(await store.get("a", "ann", "1"), undefined, "get");
    equal((await idsOf(store, "a")).length, 6, "photos left in a");
    sameBytes(await store.get("b", "ann", "1"), bytes(1));
  });

  it("takes odd names for what they are", async (store) => {
    for (const [i, name] of oddNames.entries()) await store.put("n", name, name, bytes(i));
    for (const [i, name] of oddNames.entries()) {
      sameBytes(await store.get("n", name, name), bytes(i));
      await store.put(name, "ann", "1", bytes(i));
    }
    for (const name of oddNames) {
      equal(await idsOf(store, name), [["ann", "1"]], `list of ${name}`);
      equal(await store.deleteMember("n", name), 1, `photos of ${name}`);
    }
    equal(await idsOf(store), [], "list");
  });

  for (const [why, name] of badNames) {
    it(`refuses names that are ${why}`, async (store) => {
      await rejects(() => store.put(name, "ann", "1", bytes(1)), "invalid-argument", "namespace");
      await rejects(() => store.put("n", name, "1", bytes(1)), "invalid-argument", "member id");
      await rejects(() => store.put("n", "ann", name, bytes(1)), "invalid-argument", "id");
      equal(await idsOf(store), [], "list");
    });
  }

  it("refuses a photo of no bytes", async (store) => {
    await rejects(() => store.put("n", "ann", "1", new Uint8Array()), "invalid-argument", "put");
    equal(await idsOf(store), [], "list");
  });

  it("keeps copies: what callers write into their bytes changes nothing", async (store) => {
    const mine = bytes(1, 2, 3);
    await store.put("n", "ann", "1", mine);
    mine.fill(9);
    (await store.get("n", "ann", "1"))?.fill(9);
    sameBytes(await store.get("n", "ann", "1"), bytes(1, 2, 3));
  });

  it(`lists and erases ${many} photos of one member, each once`, async (store) => {
    const ids = Array.from({ length: many }, (_, i) => String(i).padStart(6, "0"));
    await Promise.all(ids.map((id) => store.put("n", "ann", id, bytes(1))));
    await store.put("n", "bob", "1", bytes(1));
    equal(await idsOf(store), [...ids.map((id) => ["ann", id]), ["bob", "1"]], "list");
    equal(await store.deleteMember("n", "ann"), many, "photos of ann");
    equal(await idsOf(store), [["bob", "1"]], "list");
  });

  it("rejects with the signal's own reason, and writes nothing", async (store) => {
    await store.put("n", "ann", "1", bytes(1));
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => store.put("n", "bob", "1", bytes(1), { signal }), reason, "put");
    await rejectsWith(() => store.get("n", "ann", "1", { signal }), reason, "get");
    await rejectsWith(() => drain(store.list("n", { signal })), reason, "list");
    await rejectsWith(() => store.deleteMember("n", "ann", { signal }), reason, "deleteMember");
    equal(await idsOf(store), [["ann", "1"]], "list");
  });

  it("may be disposed twice", async (store) => {
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  if (reopen === undefined) return;

  it("keeps photos over a restart", async (store) => {
    ensure(store.capabilities.persistent, "A store that can be reopened must declare `persistent`.");
    await store.put("n", "ann", "1", bytes(1, 2));
    await store[Symbol.asyncDispose]();
    await lend(
      () => reopen(store),
      async (again) => sameBytes(await again.get("n", "ann", "1"), bytes(1, 2)),
    );
  });
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Not by `equal`, which would show megabytes. */
function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  ensure(actual instanceof Uint8Array, `get must give a Uint8Array; got ${typeof actual}.`);
  equal(actual.length, expected.length, "number of bytes");
  ensure(
    expected.every((value, i) => actual[i] === value),
    "The bytes are not those that were put.",
  );
}

async function idsOf(store: PhotoStore, namespace = "n"): Promise<string[][]> {
  return (await collect(store.list(namespace))).map(({ memberId, id }) => [memberId, id]);
}
