import { type FaceRecord, type FaceRecords, mapConcurrently } from "@facekit/core";
import { contents, holds, Mirror, named } from "./contents.js";
import { withoutIds } from "./enrolled.js";
import { ensure, equal, rejects, rejectsWith } from "./expect.js";
import { recordsRaces } from "./records-races.js";
import {
  axis,
  badNames,
  badVectors,
  minutesAfterNoon,
  noon,
  oddNames,
  randomVector,
  record,
  seeded,
  shuffled,
  sortedNames,
  space,
} from "./samples.js";
import { snapshotConformance } from "./snapshots.js";
import { abortedSignal, collect, drain, lend, type PersistentConformanceOptions } from "./suite.js";

export interface FaceRecordsConformanceOptions extends PersistentConformanceOptions<FaceRecords> {
  /** How many namespaces are made with one template each, at least 8. Default 500. */
  readonly namespaces?: number;
}

/** What every `FaceRecords` must do. */
export function faceRecordsConformance({
  test,
  create,
  reopen,
  many = 3000,
  namespaces = 500,
}: FaceRecordsConformanceOptions): void {
  const it = (name: string, run: (records: FaceRecords) => Promise<void>): void =>
    test(`FaceRecords: ${name}`, () =>
      lend(create, async (records) => {
        await records.open(space);
        await run(records);
      }));

  it("starts empty, at revision 0", async (records) => {
    equal(await records.revision(), 0, "revision");
    equal(await collect(records.scan()), [], "scan");
    equal(await collect(records.changes(0)), [], "changes");
    equal(await collect(records.members("n")), [], "members");
  });

  it("gives back what was put, field by field", async (records) => {
    const random = seeded(1);
    const batch: FaceRecord[] = [
      { ...record("1", "ann", randomVector(random)), source: "ann, 1.jpg" },
      { ...record("2", "ann", randomVector(random)), createdAt: minutesAfterNoon(-1) },
    ];
    await records.put("n", batch);
    equal(await contents(records, "n"), named("n", batch), "scan");
  });

  it("keeps copies: what callers write into their arrays changes nothing", async (records) => {
    const vector = axis(0);
    await records.put("n", [record("1", "ann", vector)]);
    vector.fill(9);
    for (const found of await collect(records.scan("n"))) found.vector.fill(9);
    for (const change of await collect(records.changes(0))) if (change.kind === "put") change.record.vector.fill(9);
    equal(await contents(records, "n"), named("n", [record("1", "ann")]), "scan");
  });

  it("replaces a record that is put again", async (records) => {
    await records.put("n", [{ ...record("1", "ann"), source: "old" }, record("2", "ann")]);
    const newer = { ...record("1", "bob", axis(1)), createdAt: minutesAfterNoon(1) };
    await records.put("n", [newer]);
    await records.put("n", [newer]);
    equal(await contents(records, "n"), named("n", [newer, record("2", "ann")]), "scan");
    equal(
      (await collect(records.members("n"))).map((m) => m.memberId),
      ["ann", "bob"],
      "members",
    );
  });

  it("lets the last of one id win within a batch", async (records) => {
    await records.put("n", [record("1", "ann"), record("1", "bob", axis(1))]);
    equal(await contents(records, "n"), named("n", [record("1", "bob", axis(1))]), "scan");
  });

  it("accepts an empty batch", async (records) => {
    await records.put("n", []);
    equal(await contents(records), [], "scan");
  });

  for (const [why, vector] of badVectors) {
    it(`refuses a batch with a vector of ${why}, and writes nothing of it (atomic)`, async (records) => {
      const before = await records.revision();
      const batch = [record("1", "ann"), record("2", "ann", vector), record("3", "ann")];
      await rejects(() => records.put("n", batch), "invalid-vector", "put");
      equal(await contents(records), [], "scan after the refused put");
      equal(await records.revision(), before, "revision after the refused put");
    });
  }

  for (const [why, name] of badNames) {
    it(`refuses names that are ${why}, and writes nothing of the batch (atomic)`, async (records) => {
      const good = record("1", "ann");
      await rejects(() => records.put(name, [good]), "invalid-argument", "namespace");
      await rejects(() => records.put("n", [good, record(name, "ann")]), "invalid-argument", "record id");
      await rejects(() => records.put("n", [good, record("2", name)]), "invalid-argument", "member id");
      equal(await contents(records), [], "scan after the refused puts");
    });
  }

  it("takes odd names for what they are", async (records) => {
    for (const name of oddNames) {
      await records.put(name, [{ ...record(name, name), source: name }]);
      equal(await contents(records, name), named(name, [{ ...record(name, name), source: name }]), `scan of ${name}`);
      equal(
        withoutIds(await collect(records.members(name))),
        [{ memberId: name, templates: 1, enrolledAt: noon, lastEnrolledAt: noon }],
        "members",
      );
    }
    await records.put(
      "all",
      oddNames.map((name) => record(name, name)),
    );
    equal((await contents(records, "all")).length, oddNames.length, "odd record ids beside each other");
    for (const name of oddNames) {
      equal((await records.delete(name, { memberId: name })).deleted, 1, `delete of ${name}`);
      equal((await records.delete("all", { ids: [name] })).deleted, 1, `delete of id ${name}`);
    }
    equal(await contents(records), [], "scan after all was deleted");
  });

  it("deletes by member or by ids, and forgives what is not there", async (records) => {
    await records.put("n", [record("1", "ann"), record("2", "ann"), record("3", "bob"), record("4", "cho")]);
    equal((await records.delete("n", { memberId: "ann" })).deleted, 2, "templates of ann");
    equal((await records.delete("n", { memberId: "ann" })).deleted, 0, "templates of ann, again");
    equal((await records.delete("n", { ids: ["3", "3", "1", "none"] })).deleted, 1, "by ids");
    equal((await records.delete("n", { ids: [] })).deleted, 0, "by no ids");
    equal((await records.delete("elsewhere", { memberId: "cho" })).deleted, 0, "in another namespace");
    equal(await contents(records), named("n", [record("4", "cho")]), "scan");
  });

  it("keeps namespaces apart", async (records) => {
    await records.put("a", [record("1", "ann"), record("2", "bob")]);
    await records.put("b", [record("1", "zoe", axis(1))]);
    await records.delete("b", { memberId: "ann" });
    equal(await contents(records, "a"), named("a", [record("1", "ann"), record("2", "bob")]), "scan of a");
    equal((await records.deleteNamespace("a")).deleted, 2, "deleteNamespace");
    equal((await records.deleteNamespace("a")).deleted, 0, "deleteNamespace, again");
    equal(await contents(records), named("b", [record("1", "zoe", axis(1))]), "scan of all");
  });

  it(`holds ${namespaces} namespaces`, async (records) => {
    const names = Array.from({ length: namespaces }, (_, i) => `event-${i}`);
    await mapConcurrently(names, 8, (name) => records.put(name, [record("1", name)]));
    equal((await collect(records.scan())).map((found) => found.namespace).sort(), [...names].sort(), "scan of all");
    for (const name of names.filter((_, i) => i % Math.ceil(namespaces / 100) === 0)) {
      equal(await contents(records, name), named(name, [record("1", name)]), `scan of ${name}`);
    }
    equal((await records.deleteNamespace("event-7")).deleted, 1, "templates of one namespace");
    equal((await collect(records.scan())).length, namespaces - 1, "number of records left");
  });

  it("keeps dates from the first to the last that there is", async (records) => {
    const dates = [-8.64e15, Date.UTC(-4800, 0), Date.UTC(1582, 9, 10), -1, 0, 1, Date.UTC(9999, 11, 31), 8.64e15];
    const batch = dates.map((date, i) => ({ ...record(`${i}`, `m${i}`), createdAt: new Date(date) }));
    await records.put("n", batch);
    await holds(records, named("n", batch));
  });

  it(`writes and scans ${many} records in one batch, each once`, async (records) => {
    const random = seeded(2);
    const batch = Array.from({ length: many }, (_, i) =>
      record(`${i}`, `m${i % Math.ceil(many / 4)}`, randomVector(random)),
    );
    await records.put("n", batch);
    equal((await contents(records, "n")).length, batch.length, "number of records");
    equal(await contents(records, "n"), named("n", batch), "scan");
    equal((await collect(records.changes(0))).length, batch.length, "changes");
    const ids = batch.map(({ id }) => id);
    equal((await records.delete("n", { ids })).deleted, batch.length, "deleted by ids");
  });

  it("lists members by id in code units, with counts, first and last dates", async (records) => {
    const order = shuffled(sortedNames, seeded(3));
    await records.put(
      "n",
      order.flatMap((name, i) => [
        { ...record(`${i}-2`, name), createdAt: minutesAfterNoon(2) },
        { ...record(`${i}-1`, name), createdAt: minutesAfterNoon(1) },
        { ...record(`${i}-3`, name), createdAt: minutesAfterNoon(3) },
      ]),
    );
    const [enrolledAt, lastEnrolledAt] = [minutesAfterNoon(1), minutesAfterNoon(3)];
    const expected = sortedNames.map((memberId) => ({ memberId, templates: 3, enrolledAt, lastEnrolledAt }));
    const members = await collect(records.members("n"));
    equal(withoutIds(members), expected, "members");
    for (const { memberId, templateIds } of members) {
      const i = order.indexOf(memberId);
      if (templateIds !== undefined) equal([...templateIds].sort(), [`${i}-1`, `${i}-2`, `${i}-3`], "ids of templates");
    }
  });

  it("gives every acknowledged write a greater revision", async (records) => {
    const revisions = [await records.revision()];
    revisions.push((await records.put("n", [record("1", "ann"), record("2", "ann")])).revision);
    revisions.push((await records.put("m", [record("1", "ann")])).revision);
    revisions.push((await records.put("n", [record("1", "ann")])).revision);
    revisions.push((await records.delete("n", { memberId: "ann" })).revision);
    revisions.push((await records.deleteNamespace("m")).revision);
    for (const [i, revision] of revisions.entries()) {
      ensure(i === 0 || revision > (revisions[i - 1] ?? 0), `Revisions must grow; got ${revisions.join(", ")}.`);
    }
    equal(await records.revision(), revisions.at(-1), "revision()");
  });

  it("tells what changed since a revision, the last change of each record", async (records) => {
    await records.put("n", [record("1", "ann"), record("2", "ann")]);
    const { revision: since } = await records.put("m", [record("1", "bob")]);
    await records.put("n", [record("3", "cho")]);
    await records.delete("n", { ids: ["3"] });
    await records.put("n", [record("3", "cho", axis(3))]);
    await records.delete("n", { ids: ["1"] });
    await records.put("m", [record("2", "dee")]);
    await records.deleteNamespace("m");
    const last = new Map<string, string>();
    for await (const change of records.changes(since)) {
      if (change.kind === "delete") last.set(`${change.namespace}/${change.id}`, "deleted");
      else last.set(`${change.record.namespace}/${change.record.id}`, [...change.record.vector].join());
    }
    const told = [...last].sort(([a], [b]) => (a < b ? -1 : 1));
    const expected = [
      ["m/1", "deleted"],
      ["m/2", "deleted"],
      ["n/1", "deleted"],
      ["n/3", [...axis(3)].join()],
    ];
    // A record that came and went since may stay unmentioned: nobody can have seen it.
    equal(told, told.length === 3 ? expected.filter(([name]) => name !== "m/2") : expected, "last changes");
  });

  it("tells changes in the order of their revisions, none of them old", async (records) => {
    const random = seeded(4);
    for (let i = 0; i < 30; i++) {
      const id = `${Math.floor(random() * 8)}`;
      if (random() < 0.3) await records.delete("n", { ids: [id] });
      else await records.put(random() < 0.5 ? "n" : "m", [record(id, "ann"), record(`${i}-b`, "bob")]);
    }
    const { revision: now } = await records.put("n", [record("last", "ann")]);
    for (const since of [0, 1, Math.floor(now / 2), now - 1]) {
      const revisions = (await collect(records.changes(since))).map((change) => change.revision);
      equal(
        revisions,
        [...revisions].sort((a, b) => a - b),
        "order of revisions",
      );
      ensure(
        revisions.every((revision) => revision > since && revision <= now),
        `changes(${since}) at ${now} told of revisions ${revisions.join(", ")}.`,
      );
      equal(revisions.at(-1), now, `the last change since ${since}`);
    }
    equal(await collect(records.changes(now)), [], "changes since now");
  });

  it("leads an index that replays the changes to the present state", async (records) => {
    const random = seeded(5);
    const mirror = new Mirror();
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 6; i++) {
        const namespace = random() < 0.5 ? "n" : "m";
        const id = `${Math.floor(random() * 10)}`;
        const action = random();
        if (action < 0.6) await records.put(namespace, [record(id, `member-${id}`, randomVector(random))]);
        else if (action < 0.8) await records.delete(namespace, { ids: [id] });
        else if (action < 0.95) await records.delete(namespace, { memberId: `member-${id}` });
        else await records.deleteNamespace(namespace);
      }
      await mirror.follow(records);
      equal(mirror.contents(), await contents(records), `state after round ${round}`);
    }
  });

  it("honours ifRevision, namespace by namespace", async (records) => {
    const { revision } = await records.put("n", [record("1", "ann")]);
    await records.put("other", [record("1", "ann")]);
    await records.put("n", [record("2", "ann")], { ifRevision: revision });
    await rejects(() => records.put("n", [record("3", "ann")], { ifRevision: revision }), "conflict", "stale put");
    equal(
      (await contents(records, "n")).map(({ id }) => id),
      ["1", "2"],
      "records after the conflict",
    );
    const now = await records.revision();
    await records.delete("n", { ids: ["2"] });
    await rejects(() => records.put("n", [record("3", "ann")], { ifRevision: now }), "conflict", "put after a delete");
    await records.put("n", [record("3", "ann")], { ifRevision: await records.revision() });
    await records.put("untouched", [record("1", "ann")], { ifRevision: 0 });
  });

  it("lets exactly one of two racing conditional puts win", async (records) => {
    for (let round = 0; round < 10; round++) {
      const ifRevision = await records.revision();
      await oneWins(records, records, ifRevision, `round-${round}`);
    }
  });

  it("keeps all of 20 puts at a time", async (records) => {
    const puts = Array.from({ length: 20 }, (_, i) =>
      records.put("n", [record(`${i}-a`, "ann"), record(`${i}-b`, "bob")]),
    );
    const revisions = (await Promise.all(puts)).map(({ revision }) => revision);
    equal(new Set(revisions).size, 20, "number of different revisions");
    equal(await records.revision(), Math.max(...revisions), "revision()");
    equal((await contents(records, "n")).length, 40, "number of records");
  });

  it("refuses another space and goes on with its own", async (records) => {
    await records.put("n", [record("1", "ann")]);
    await rejects(() => records.open({ ...space, id: "other" }), "space-mismatch", "another id");
    await rejects(() => records.open({ ...space, dimensions: 9 }), "space-mismatch", "other dimensions");
    await records.open(space);
    equal((await contents(records)).length, 1, "number of records");
  });

  it("rejects with the signal's own reason, and writes nothing", async (records) => {
    await records.put("n", [record("1", "ann"), record("2", "ann"), record("3", "ann")]);
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => records.open(space, { signal }), reason, "open");
    await rejectsWith(() => records.put("n", [record("4", "ann")], { signal }), reason, "put");
    await rejectsWith(() => records.delete("n", { memberId: "ann" }, { signal }), reason, "delete");
    await rejectsWith(() => records.deleteNamespace("n", { signal }), reason, "deleteNamespace");
    await rejectsWith(() => records.revision({ signal }), reason, "revision");
    await rejectsWith(() => drain(records.scan("n", { signal })), reason, "scan");
    await rejectsWith(() => drain(records.changes(0, { signal })), reason, "changes");
    await rejectsWith(() => drain(records.members("n", { signal })), reason, "members");
    equal((await contents(records)).length, 3, "number of records");
  });

  it("stops a scan that is aborted on the way", async (records) => {
    await records.put("n", [record("1", "ann"), record("2", "ann"), record("3", "ann")]);
    const reason = new Error("enough");
    const controller = new AbortController();
    const scan = async (): Promise<void> => {
      for await (const _ of records.scan("n", { signal: controller.signal })) controller.abort(reason);
    };
    await rejectsWith(scan, reason, "scan");
  });

  it("lets a scan be left early", async (records) => {
    await records.put("n", [record("1", "ann"), record("2", "ann")]);
    for await (const _ of records.scan("n")) break;
    await records.put("n", [record("3", "ann")]);
    equal((await contents(records)).length, 3, "number of records");
  });

  it("is closed after disposal, which may be repeated", async (records) => {
    await records.put("n", [record("1", "ann")]);
    await records[Symbol.asyncDispose]();
    await records[Symbol.asyncDispose]();
    await rejects(() => records.put("n", [record("2", "ann")]), "closed", "put");
    await rejects(() => records.delete("n", { memberId: "ann" }), "closed", "delete");
    await rejects(() => records.deleteNamespace("n"), "closed", "deleteNamespace");
    await rejects(() => records.revision(), "closed", "revision");
    await rejects(() => drain(records.scan()), "closed", "scan");
    await rejects(() => drain(records.changes(0)), "closed", "changes");
    await rejects(() => drain(records.members("n")), "closed", "members");
  });

  recordsRaces({ test, create, many, ...(reopen && { reopen }) });
  snapshotConformance({ test, create, ...(reopen && { reopen }) });
  if (reopen === undefined) return;

  it("keeps acknowledged writes over a restart", async (records) => {
    ensure(records.capabilities.persistent, "Records that can be reopened must declare `persistent`.");
    const kept = { ...record("1", "ann", axis(2)), source: "ann.jpg" };
    await records.put("n", [kept, record("2", "ann")]);
    await records.delete("n", { ids: ["2"] });
    const revision = await records.revision();
    await records[Symbol.asyncDispose]();
    await lend(
      () => reopen(records),
      async (again) => {
        await rejects(() => again.open({ ...space, id: "other" }), "space-mismatch", "open with another space");
        await again.open(space);
        equal(await contents(again), named("n", [kept]), "scan");
        equal(await again.revision(), revision, "revision");
        equal(
          (await collect(again.changes(revision - 1))).map(({ kind }) => kind),
          ["delete"],
          "last change",
        );
        const next = await again.put("n", [record("3", "bob")]);
        ensure(next.revision > revision, `Revisions must go on growing; got ${next.revision} after ${revision}.`);
      },
    );
  });

  it("sees the writes of another process, and is seen", async (records) => {
    await lend(
      () => reopen(records),
      async (other) => {
        await other.open(space);
        const { revision } = await other.put("n", [record("1", "ann")]);
        equal(await records.revision(), revision, "revision");
        equal((await collect(records.changes(0))).length, 1, "changes");
        await rejects(() => records.put("n", [record("2", "ann")], { ifRevision: 0 }), "conflict", "stale put");
        await records.delete("n", { memberId: "ann" });
        equal(await contents(other), [], "scan by the other");
      },
    );
  });

  it("lets one of two processes win a race, and keeps all writes of both", async (records) => {
    await lend(
      () => reopen(records),
      async (other) => {
        await other.open(space);
        await oneWins(records, other, await records.revision(), "race");
        await Promise.all(
          Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? records : other).put("n", [record(`${i}`, "ann")])),
        );
        equal((await contents(records, "n")).length, 20, "number of records");
      },
    );
  });
}

async function oneWins(a: FaceRecords, b: FaceRecords, ifRevision: number, namespace: string): Promise<void> {
  const results = await Promise.allSettled([
    a.put(namespace, [record("a", "ann")], { ifRevision }),
    b.put(namespace, [record("b", "bob")], { ifRevision }),
  ]);
  const lost = results.filter((result) => result.status === "rejected");
  equal(lost.length, 1, "number of losers");
  await rejects(() => Promise.reject(lost[0]?.reason), "conflict", "the loser");
  equal((await contents(a, namespace)).length, 1, "number of records after the race");
}
