import type { Visit, VisitLog, VisitQuery } from "@facekit/core";
import { ensure, equal, rejects, rejectsWith } from "./expect.js";
import { badNames, minutesAfterNoon, noon, oddNames, seeded, shuffled, sortedNames } from "./samples.js";
import { abortedSignal, collect, drain, lend, type PersistentConformanceOptions } from "./suite.js";

/** What every `VisitLog` must do. */
export function visitLogConformance({
  test,
  create,
  reopen,
  many = 3000,
}: PersistentConformanceOptions<VisitLog>): void {
  const it = (name: string, run: (log: VisitLog) => Promise<void>): void =>
    test(`VisitLog: ${name}`, () => lend(create, run));

  it("starts empty", async (log) => {
    equal(await collect(log.query("n")), [], "query");
    equal(await log.append("n", []), 0, "append of nothing");
  });

  it("gives back what was appended, field by field", async (log) => {
    const visits: Visit[] = [
      { ...visit("1"), place: "Köln ☕", session: "s 1", similarity: 0.1 + 0.2 },
      { ...visit("2"), timeZone: "Asia/Kolkata", at: minutesAfterNoon(1) },
    ];
    equal(await log.append("n", visits), 2, "number of new visits");
    equal(await collect(log.query("n")), visits, "query");
  });

  it("appends a key once and keeps the first visit", async (log) => {
    equal(await log.append("n", [visit("1"), visit("1", "bob"), visit("2")]), 2, "new visits");
    equal(await log.append("n", [visit("1", "cho"), visit("3")]), 1, "new visits of the second append");
    equal(
      (await collect(log.query("n"))).map(({ memberId }) => memberId),
      ["ann", "ann", "ann"],
      "members",
    );
  });

  it("appends all or none (atomic)", async (log) => {
    await rejects(() => log.append("n", [visit("1"), visit(""), visit("2")]), "invalid-argument", "append");
    equal(await collect(log.query("n")), [], "query after the refused append");
  });

  for (const [why, name] of badNames) {
    it(`refuses names that are ${why}`, async (log) => {
      await rejects(() => log.append(name, [visit("1")]), "invalid-argument", "namespace");
      await rejects(() => log.append("n", [visit("1"), visit(name)]), "invalid-argument", "key");
      await rejects(() => log.append("n", [visit("1"), visit("2", name)]), "invalid-argument", "member id");
      equal(await collect(log.query("n")), [], "query");
    });
  }

  it("orders visits by time, then by key in code units", async (log) => {
    const visits = [
      { ...visit("zzz"), at: minutesAfterNoon(-1) },
      ...sortedNames.map((key) => visit(key)),
      { ...visit("0"), at: new Date(noon.getTime() + 1) },
    ];
    await log.append("n", shuffled(visits, seeded(1)));
    equal(
      (await collect(log.query("n"))).map(({ key }) => key),
      visits.map(({ key }) => key),
      "keys",
    );
  });

  it("filters by member, place, session and time", async (log) => {
    await log.append("n", [
      { ...visit("1", "ann"), at: minutesAfterNoon(1), place: "gym", session: "a" },
      { ...visit("2", "bob"), at: minutesAfterNoon(2), place: "gym", session: "b" },
      { ...visit("3", "ann"), at: minutesAfterNoon(3), place: "bar" },
      { ...visit("4", "ann"), at: minutesAfterNoon(4) },
    ]);
    const keys = async (query?: VisitQuery): Promise<string> =>
      (await collect(log.query("n", query))).map(({ key }) => key).join("");
    equal(await keys(), "1234", "no query");
    equal(await keys({}), "1234", "an empty query");
    equal(await keys({ memberId: "ann" }), "134", "by member");
    equal(await keys({ place: "gym" }), "12", "by place");
    equal(await keys({ session: "b" }), "2", "by session");
    equal(await keys({ from: minutesAfterNoon(2) }), "234", "from an instant, included");
    equal(await keys({ until: minutesAfterNoon(3) }), "12", "until an instant, excluded");
    equal(await keys({ memberId: "ann", place: "gym", from: noon, until: minutesAfterNoon(9) }), "1", "by all");
    equal(await keys({ from: minutesAfterNoon(3), until: minutesAfterNoon(2) }), "", "an empty span");
    equal(await keys({ memberId: "nobody" }), "", "nobody");
  });

  it("keeps namespaces apart, and erases a member in one", async (log) => {
    await log.append("a", [visit("1", "ann"), visit("2", "ann"), visit("3", "bob")]);
    await log.append("b", [visit("1", "ann")]);
    equal(await log.deleteMember("a", "ann"), 2, "visits of ann in a");
    equal(await log.deleteMember("a", "ann"), 0, "visits of ann in a, again");
    equal(
      (await collect(log.query("a"))).map(({ key }) => key),
      ["3"],
      "visits in a",
    );
    equal(
      (await collect(log.query("b"))).map(({ key }) => key),
      ["1"],
      "visits in b",
    );
    equal(await log.append("a", [visit("1", "ann")]), 1, "new visits after the erasure");
  });

  it("takes odd names for what they are", async (log) => {
    for (const name of oddNames) {
      const odd = { ...visit(name, name), place: name, session: name };
      equal(await log.append(name, [odd]), 1, `append of ${name}`);
      equal(await collect(log.query(name, { memberId: name, place: name, session: name })), [odd], `query of ${name}`);
    }
    for (const name of oddNames) equal(await log.deleteMember(name, name), 1, `visits of ${name}`);
  });

  it("keeps copies: what callers write into their objects changes nothing", async (log) => {
    const mine = { ...visit("1"), place: "gym" };
    await log.append("n", [mine]);
    mine.place = "changed";
    for (const found of await collect(log.query("n"))) Object.assign(found, { place: "changed" });
    equal(await collect(log.query("n")), [{ ...visit("1"), place: "gym" }], "query");
  });

  it("keeps all of 20 appends at a time, and one of 20 equal ones", async (log) => {
    const counts = await Promise.all(
      Array.from({ length: 20 }, (_, i) => log.append("n", [visit(`${i}`), visit("shared")])),
    );
    equal(
      counts.reduce((sum, count) => sum + count, 0),
      21,
      "new visits altogether",
    );
    equal((await collect(log.query("n"))).length, 21, "number of visits");
  });

  it("keeps visits of all times in their order", async (log) => {
    const times = [-8.64e15, Date.UTC(1582, 9, 10), -1, 0, Date.UTC(9999, 11, 31), 8.64e15];
    const visits = times.map((time, i) => ({ ...visit(`${i}`), at: new Date(time) }));
    await log.append("n", [...visits].reverse());
    equal(await collect(log.query("n")), visits, "query");
    equal(await collect(log.query("n", { from: new Date(0) })), visits.slice(3), "query from 1970");
  });

  it(`appends ${many} visits at once`, async (log) => {
    const visits = Array.from({ length: many }, (_, i) => ({ ...visit(`${i}`), at: minutesAfterNoon(i) }));
    equal(await log.append("n", visits), visits.length, "new visits");
    equal(await collect(log.query("n")), visits, "query");
  });

  it("rejects with the signal's own reason, and writes nothing", async (log) => {
    await log.append("n", [visit("1")]);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => log.append("n", [visit("2")], { signal }), reason, "append");
    await rejectsWith(() => drain(log.query("n", {}, { signal })), reason, "query");
    await rejectsWith(() => log.deleteMember("n", "ann", { signal }), reason, "deleteMember");
    equal((await collect(log.query("n"))).length, 1, "number of visits");
  });

  it("may be disposed twice", async (log) => {
    await log[Symbol.asyncDispose]();
    await log[Symbol.asyncDispose]();
  });

  if (reopen === undefined) return;

  it("appends a key once when two processes do at once", async (log) => {
    await lend(
      () => reopen(log),
      async (other) => {
        const visits = Array.from({ length: 12 }, (_, i) => visit(`${i}`));
        const counts = await Promise.all([log, other, log, other].map((each) => each.append("n", visits)));
        equal(
          counts.reduce((sum, count) => sum + count, 0),
          visits.length,
          "new visits altogether",
        );
        equal((await collect(other.query("n"))).length, visits.length, "number of visits");
      },
    );
  });

  it("keeps visits over a restart", async (log) => {
    ensure(log.capabilities.persistent, "A log that can be reopened must declare `persistent`.");
    await log.append("n", [visit("1"), visit("2")]);
    await log[Symbol.asyncDispose]();
    await lend(
      () => reopen(log),
      async (again) => {
        equal(await collect(again.query("n")), [visit("1"), visit("2")], "query");
        equal(await again.append("n", [visit("1")]), 0, "new visits of a known key");
      },
    );
  });
}

function visit(key: string, memberId = "ann"): Visit {
  return { key, memberId, at: noon, timeZone: "Europe/Berlin" };
}
