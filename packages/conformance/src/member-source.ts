import type { Member, MemberSource, Purchase } from "@facekit/core";
import { ensure, equal, rejects, rejectsWith } from "./expect.js";
import { badNames, minutesAfterNoon, noon, oddNames, seeded, shuffled, sortedNames } from "./samples.js";
import { abortedSignal, collect, drain, lend, type PersistentConformanceOptions } from "./suite.js";

const ann: Member = { id: "ann", name: "Ann Łé 👩", email: "ann@example.org", phone: "+49 30 1", createdAt: noon };

/** What every `MemberSource` must do, as far as its capabilities go. */
export function memberSourceConformance({ test, create, reopen }: PersistentConformanceOptions<MemberSource>): void {
  const it = (name: string, run: (source: MemberSource) => Promise<void>): void =>
    test(`MemberSource: ${name}`, () => lend(create, run));
  const itWrites = (name: string, run: (source: MemberSource) => Promise<void>): void =>
    it(name, async (source) => {
      if (source.capabilities.writable) await run(source);
    });
  const itSells = (name: string, run: (source: MemberSource) => Promise<void>): void =>
    itWrites(name, async (source) => {
      if (source.capabilities.purchases) await run(source);
    });

  it("starts empty", async (source) => {
    equal(await source.get("n", "ann"), undefined, "get");
    equal(await collect(source.list("n")), [], "list");
  });

  it("rejects calls beyond its capabilities", async (source) => {
    if (!source.capabilities.writable) {
      await rejects(() => source.put("n", ann), "not-supported", "put");
      await rejects(() => source.delete("n", "ann"), "not-supported", "delete");
    }
    if (!source.capabilities.purchases) {
      await rejects(() => drain(source.purchases("n", "ann")), "not-supported", "purchases");
      await rejects(() => source.addPurchase("n", "ann", purchase("1")), "not-supported", "addPurchase");
    }
  });

  itWrites("gives back what was put, field by field", async (source) => {
    await source.put("n", ann);
    await source.put("n", { id: "bob" });
    equal(await source.get("n", "ann"), ann, "ann");
    equal(await source.get("n", "bob"), { id: "bob" }, "bob");
    equal(await collect(source.list("n")), [ann, { id: "bob" }], "list");
  });

  itWrites("replaces a member, dropping fields that are gone", async (source) => {
    await source.put("n", ann);
    await source.put("n", { id: "ann", name: "Anne" });
    equal(await source.get("n", "ann"), { id: "ann", name: "Anne" }, "get");
    equal((await collect(source.list("n"))).length, 1, "number of members");
  });

  itWrites("keeps copies: what callers write into their objects changes nothing", async (source) => {
    const mine: { id: string; name: string } = { id: "ann", name: "Ann" };
    await source.put("n", mine);
    mine.name = "changed";
    Object.assign((await source.get("n", "ann")) ?? {}, { name: "changed" });
    for (const member of await collect(source.list("n"))) Object.assign(member, { name: "changed" });
    equal(await source.get("n", "ann"), { id: "ann", name: "Ann" }, "get");
  });

  itWrites("lists members by id in code units", async (source) => {
    for (const id of shuffled(sortedNames, seeded(1))) await source.put("n", { id });
    equal(
      (await collect(source.list("n"))).map(({ id }) => id),
      sortedNames,
      "ids",
    );
  });

  itWrites("tells whether there was somebody to delete", async (source) => {
    await source.put("n", ann);
    equal(await source.delete("n", "bob"), false, "delete of nobody");
    equal(await source.delete("elsewhere", "ann"), false, "delete in another namespace");
    equal(await source.delete("n", "ann"), true, "delete");
    equal(await source.delete("n", "ann"), false, "delete, again");
    equal(await source.get("n", "ann"), undefined, "get");
  });

  itWrites("ends no deletion of a member who is there, was deleted whole or never was", async (source) => {
    if (source.endDeletion === undefined) return;
    await source.put("n", ann);
    if (source.capabilities.purchases) await source.addPurchase("n", "ann", purchase("1"));
    equal(await source.endDeletion("n", "ann"), false, "of a member who is there");
    equal(await source.get("n", "ann"), ann, "the member");
    if (source.capabilities.purchases) equal(await collect(source.purchases("n", "ann")), [purchase("1")], "purchases");
    await source.delete("n", "ann");
    equal(await source.endDeletion("n", "ann"), false, "of a member who was deleted");
    equal(await source.endDeletion("n", "bob"), false, "of nobody");
    await rejects(async () => source.endDeletion?.("n", ""), "invalid-argument", "of no id");
    const { signal, reason } = abortedSignal();
    await rejectsWith(async () => source.endDeletion?.("n", "ann", { signal }), reason, "endDeletion");
  });

  itWrites("keeps namespaces apart", async (source) => {
    await source.put("a", { id: "ann", name: "A" });
    await source.put("b", { id: "ann", name: "B" });
    await source.delete("a", "ann");
    equal(await source.get("a", "ann"), undefined, "get in a");
    equal(await source.get("b", "ann"), { id: "ann", name: "B" }, "get in b");
  });

  itWrites("takes odd names for what they are", async (source) => {
    for (const name of oddNames) {
      await source.put(name, { id: name, name });
      equal(await source.get(name, name), { id: name, name }, `get of ${name}`);
      equal(await collect(source.list(name)), [{ id: name, name }], `list of ${name}`);
    }
    for (const name of oddNames) equal(await source.delete(name, name), true, `delete of ${name}`);
  });

  for (const [why, name] of badNames) {
    itWrites(`refuses names that are ${why}`, async (source) => {
      await rejects(() => source.put(name, ann), "invalid-argument", "namespace");
      await rejects(() => source.put("n", { id: name }), "invalid-argument", "member id");
      equal(await collect(source.list("n")), [], "list");
    });
  }

  itWrites("keeps all of 20 puts at a time", async (source) => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => source.put("n", { id: `m${i}` })));
    equal((await collect(source.list("n"))).length, 20, "number of members");
  });

  /** Of sources that change some fields alone. */
  const itMerges = (
    name: string,
    run: (source: MemberSource, merge: NonNullable<MemberSource["merge"]>) => Promise<void>,
  ): void =>
    itWrites(name, async (source) => {
      if (source.merge !== undefined) await run(source, source.merge.bind(source));
    });

  itMerges("changes the fields that are given and no others, and makes who is not there", async (source, merge) => {
    await merge("n", { id: "ann", name: "Ann" });
    equal(await source.get("n", "ann"), { id: "ann", name: "Ann" }, "a member who was not there");
    const { purchases } = source.capabilities;
    if (purchases) await source.addPurchase("n", "ann", purchase("1"));
    await source.linkFaces?.("n", "ann", ["1"], { mode: "set" });
    await merge("n", { id: "ann", email: "ann@example.org", createdAt: noon, faceIds: ["9"] });
    await merge("n", { id: "ann", name: "Anne", phone: "1" });
    await merge("n", { id: "ann" });
    const merged = { id: "ann", name: "Anne", email: "ann@example.org", phone: "1", createdAt: noon };
    const faces = source.linkFaces === undefined ? {} : { faceIds: ["1"] };
    equal(await collect(source.list("n")), [{ ...merged, ...faces }], "list");
    if (purchases) equal((await collect(source.purchases("n", "ann"))).length, 1, "number of purchases");
    equal(await source.get("m", "ann"), undefined, "another namespace");
  });

  itMerges("keeps what all of several who change different fields at once write", async (source, merge) => {
    const parts: readonly Member[] = [
      { id: "ann", name: "Ann" },
      { id: "ann", email: "ann@example.org" },
      { id: "ann", phone: "1" },
      { id: "ann", createdAt: noon },
    ];
    const whole = { id: "ann", name: "Ann", email: "ann@example.org", phone: "1", createdAt: noon };
    for (let round = 0; round < 8; round++) {
      await source.put("n", { id: "ann" });
      await Promise.all(parts.map((part) => merge("n", part)));
      equal(await source.get("n", "ann"), whole, "the member");
    }
  });

  itMerges("merges nothing that put refuses, and nothing after an abort", async (source, merge) => {
    for (const [why, name] of badNames) {
      await rejects(() => merge(name, ann), "invalid-argument", `a namespace that is ${why}`);
      await rejects(() => merge("n", { id: name }), "invalid-argument", `a member id that is ${why}`);
    }
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => merge("n", ann, { signal }), reason, "merge");
    equal(await collect(source.list("n")), [], "list");
  });

  /** Of sources that note which faces are a member's. */
  const itLinks = (
    name: string,
    run: (source: MemberSource, link: NonNullable<MemberSource["linkFaces"]>) => Promise<void>,
  ): void =>
    itWrites(name, async (source) => {
      if (source.linkFaces !== undefined) await run(source, source.linkFaces.bind(source));
    });

  itLinks("notes a member's faces beside others or in place of them", async (source, link) => {
    await source.put("n", ann);
    await source.put("n", { id: "bob" });
    await link("n", "ann", ["2", "1"], { mode: "add" });
    await link("n", "ann", ["2", "3"], { mode: "add" });
    equal(await facesOf(source, "ann"), ["1", "2", "3"], "faces that were added");
    await link("n", "ann", ["3", "4"], { mode: "set" });
    equal(await facesOf(source, "ann"), ["3", "4"], "faces that were set");
    await link("n", "ann", [], { mode: "add" });
    equal(await facesOf(source, "ann"), ["3", "4"], "faces after none was added");
    equal(
      (await collect(source.list("n"))).map(({ id, faceIds = [] }) => [id, [...faceIds].sort()]),
      [
        ["ann", ["3", "4"]],
        ["bob", []],
      ],
      "list",
    );
    await link("n", "ann", [], { mode: "set" });
    equal(await source.get("n", "ann"), ann, "a member without faces");
  });

  itLinks(
    "leaves a member's faces as they are when the member is put, and forgets them with the member",
    async (source, link) => {
      await source.put("n", ann);
      await link("n", "ann", ["1"], { mode: "add" });
      await source.put("n", { id: "ann", name: "Anne" });
      equal(await facesOf(source, "ann"), ["1"], "faces after a replacement");
      await source.put("n", { id: "ann", faceIds: ["9"] });
      equal(await facesOf(source, "ann"), ["1"], "faces after a replacement that names others");
      await source.delete("n", "ann");
      await source.put("n", { id: "ann", faceIds: ["9"] });
      equal(await facesOf(source, "ann"), [], "faces of a member who came again");
    },
  );

  itLinks("notes faces of members only, with ids that are some", async (source, link) => {
    await source.put("n", { id: "ann" });
    for (const mode of ["add", "set"] as const) {
      await rejects(() => link("n", "nobody", ["1"], { mode }), "unknown-member", mode);
      await rejects(() => link("n", "ann", ["1", ""], { mode }), "invalid-argument", `${mode} of an empty id`);
    }
    equal(await source.get("n", "nobody"), undefined, "nobody");
    equal(await facesOf(source, "ann"), [], "faces");
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => link("n", "ann", ["1"], { mode: "add", signal }), reason, "linkFaces");
    equal(await facesOf(source, "ann"), [], "faces after the aborted call");
  });

  itLinks("keeps all of 20 faces that are added at a time", async (source, link) => {
    await source.put("n", { id: "ann" });
    const ids = Array.from({ length: 20 }, (_, i) => `face ${String(i).padStart(2, "0")}`);
    await Promise.all(ids.map((id) => link("n", "ann", [id], { mode: "add" })));
    equal(await facesOf(source, "ann"), ids, "faces");
  });

  itSells("gives back purchases, oldest first, those without a date last", async (source) => {
    await source.put("n", ann);
    const inOrder: Purchase[] = [
      { ...purchase("z"), at: minutesAfterNoon(-1), quantity: -2, total: "-12.90", currency: "JPY" },
      { ...purchase("b"), at: noon, total: "0.10" },
      { ...purchase("a"), at: minutesAfterNoon(1), total: "123456789012345678.99", quantity: 1.5 },
    ];
    await source.addPurchase("n", "ann", purchase("0"));
    for (const item of shuffled(inOrder, seeded(2))) await source.addPurchase("n", "ann", item);
    equal(await collect(source.purchases("n", "ann")), [...inOrder, purchase("0")], "purchases");
  });

  itSells("adds a purchase once", async (source) => {
    await source.put("n", ann);
    await source.put("n", { id: "bob" });
    await source.addPurchase("n", "ann", purchase("1"));
    await source.addPurchase("n", "ann", { ...purchase("1"), product: "other" });
    await source.addPurchase("n", "bob", { ...purchase("1"), product: "bob's" });
    equal(await collect(source.purchases("n", "ann")), [purchase("1")], "purchases of ann");
    equal(await collect(source.purchases("n", "bob")), [{ ...purchase("1"), product: "bob's" }], "purchases of bob");
  });

  itSells("knows no purchases of unknown members", async (source) => {
    equal(await collect(source.purchases("n", "nobody")), [], "purchases");
    await rejects(() => source.addPurchase("n", "nobody", purchase("1")), "unknown-member", "addPurchase");
  });

  itSells("keeps purchases when the member is replaced, and deletes them with the member", async (source) => {
    await source.put("n", ann);
    await source.addPurchase("n", "ann", purchase("1"));
    await source.put("n", { id: "ann" });
    equal((await collect(source.purchases("n", "ann"))).length, 1, "purchases after a replacement");
    await source.delete("n", "ann");
    await source.put("n", ann);
    equal(await collect(source.purchases("n", "ann")), [], "purchases after a deletion");
  });

  itWrites("rejects with the signal's own reason, and writes nothing", async (source) => {
    await source.put("n", ann);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => source.put("n", { id: "bob" }, { signal }), reason, "put");
    await rejectsWith(() => source.get("n", "ann", { signal }), reason, "get");
    await rejectsWith(() => source.delete("n", "ann", { signal }), reason, "delete");
    await rejectsWith(() => drain(source.list("n", { signal })), reason, "list");
    equal((await collect(source.list("n"))).length, 1, "number of members");
    if (!source.capabilities.purchases) return;
    await source.addPurchase("n", "ann", purchase("1"));
    await rejectsWith(() => source.addPurchase("n", "ann", purchase("2"), { signal }), reason, "addPurchase");
    await rejectsWith(() => drain(source.purchases("n", "ann", { signal })), reason, "purchases");
  });

  it("may be disposed twice", async (source) => {
    await source[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  itWrites("keeps dates from the first to the last that there is", async (source) => {
    const times = [-8.64e15, Date.UTC(1582, 9, 10), -1, 0, Date.UTC(9999, 11, 31), 8.64e15];
    const members = times.map((time, i) => ({ id: `m${i}`, createdAt: new Date(time) }));
    for (const member of members) await source.put("n", member);
    equal(await collect(source.list("n")), members, "list");
  });

  if (reopen === undefined) return;

  itWrites("lets one of two processes that put a member at once win whole", async (source) => {
    await lend(
      () => reopen(source),
      async (other) => {
        for (let round = 0; round < 8; round++) {
          const [one, two] = ["1", "2"].map((name) => ({ ...ann, name, email: name, phone: name }));
          if (one === undefined || two === undefined) return;
          await Promise.all([source.put("n", one), other.put("n", two)]);
          const found = await source.get("n", "ann");
          equal(found, found?.name === "1" ? one : two, "the member");
          equal((await collect(other.list("n"))).length, 1, "number of members");
        }
      },
    );
  });

  itSells("adds a purchase once when two processes do, and leaves none of a deleted member", async (source) => {
    await lend(
      () => reopen(source),
      async (other) => {
        await source.put("n", ann);
        await Promise.all([source, other, source, other].map((each) => each.addPurchase("n", "ann", purchase("1"))));
        equal(await collect(other.purchases("n", "ann")), [purchase("1")], "purchases");
        for (let round = 0; round < 8; round++) {
          await source.put("n", ann);
          const [added] = await Promise.allSettled([
            source.addPurchase("n", "ann", purchase("late")),
            other.delete("n", "ann"),
          ]);
          if (added?.status === "rejected")
            await rejects(() => Promise.reject(added.reason), "unknown-member", "addPurchase");
          equal(await source.get("n", "ann"), undefined, "the member");
          await source.put("n", ann);
          equal(await collect(source.purchases("n", "ann")), [], "purchases of a member who came again");
        }
      },
    );
  });

  itWrites("keeps what was put over a restart", async (source) => {
    ensure(source.capabilities.persistent, "A source that can be reopened must declare `persistent`.");
    await source.put("n", ann);
    if (source.capabilities.purchases) await source.addPurchase("n", "ann", purchase("1"));
    await source[Symbol.asyncDispose]();
    await lend(
      () => reopen(source),
      async (again) => {
        equal(await collect(again.list("n")), [ann], "list");
        if (!again.capabilities.purchases) return;
        equal(await collect(again.purchases("n", "ann")), [purchase("1")], "purchases");
      },
    );
  });
}

async function facesOf(source: MemberSource, memberId: string): Promise<string[]> {
  return [...((await source.get("n", memberId))?.faceIds ?? [])].sort();
}

function purchase(id: string): Purchase {
  return { id, product: "tea 🍵", quantity: 1, total: "12.90", currency: "EUR" };
}
