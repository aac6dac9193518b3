import { type FaceRecord, type FaceRecords, isFaceKitError } from "@facekit/core";
import { contents, holds, keyOf, Mirror, named } from "./contents.js";
import { ensure, equal } from "./expect.js";
import { minutesAfterNoon, photos, randomVector, record, seeded, space } from "./samples.js";
import { lend, type PersistentConformanceOptions, pause } from "./suite.js";

/** Several writers at a time, where there can be as several processes have them. Part of the suite of `FaceRecords`. */
export function recordsRaces({ test, create, reopen, many = 3000 }: PersistentConformanceOptions<FaceRecords>): void {
  /** Two writers, of which the second has a connection of its own where the records can be reopened. */
  const it = (name: string, run: (records: FaceRecords, other: FaceRecords) => Promise<void>): void =>
    test(`FaceRecords, races: ${name}`, () =>
      lend(create, async (records) => {
        await records.open(space);
        if (reopen === undefined) return run(records, records);
        await lend(
          () => reopen(records),
          async (other) => {
            await other.open(space);
            await run(records, other);
          },
        );
      }));

  it("two writers register the same member at once: all templates of both are there", async (records, other) => {
    const random = seeded(11);
    const all: FaceRecord[] = [];
    for (let round = 0; round < 8; round++) {
      const [one, two] = ["a", "b"].map((writer) => photos(`member-${round}`, `${round}-${writer}`, random));
      if (one === undefined || two === undefined) return;
      await Promise.all([records.put("n", one), other.put("n", two)]);
      all.push(...one, ...two);
    }
    await holds(records, named("n", all));
  });

  it("two writers put the same templates with different contents: one of them wins whole", async (records, other) => {
    const random = seeded(12);
    for (let round = 0; round < 8; round++) {
      const [one, two] = ["a", "b"].map((writer) =>
        photos(`member-${round}`, `${round}`, random).map((photo) => ({ ...photo, source: writer })),
      );
      if (one === undefined || two === undefined) return;
      const [first, second] = await Promise.all([records.put("n", one), other.put("n", two)]);
      ensure(first.revision !== second.revision, "Two writes must have two revisions.");
      const later = first.revision > second.revision ? one : two;
      const found = (await contents(records, "n")).filter(({ memberId }) => memberId === `member-${round}`);
      equal(found, named("n", later), "templates, those of the later write");
    }
  });

  it("the same photo is put twice and more, at once and again: it is there once", async (records, other) => {
    const batch = photos("ann", "photo", seeded(13));
    await Promise.all([records, other, records, other].map((writer) => writer.put("n", batch)));
    await other.put("n", batch);
    await holds(records, named("n", batch));
    await holds(other, named("n", batch));
  });

  it("members are deleted and replaced while others scan: what stays comes once", async (records, other) => {
    const random = seeded(14);
    const kept = Array.from({ length: Math.ceil(many / 7.5) }, (_, i) => photos(`kept-${i}`, `k${i}`, random)).flat();
    const gone = Array.from({ length: 40 }, (_, i) => photos(`gone-${i}`, `g${i}`, random)).flat();
    await records.put("n", [...kept, ...gone]);
    const scanned = async (): Promise<void> => {
      const seen = new Map<string, number>();
      for await (const found of records.scan("n")) seen.set(found.id, (seen.get(found.id) ?? 0) + 1);
      const twice = [...seen].filter(([, times]) => times > 1).map(([id]) => id);
      equal(twice, [], "records that came twice");
      const missing = kept.filter(({ id }) => !seen.has(id)).map(({ id }) => id);
      equal(missing, [], "records that nobody deleted and that did not come");
    };
    const changed = async (): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        await other.delete("n", { memberId: `gone-${i}` });
        await other.put("n", kept.slice(i * 3, i * 3 + 3));
      }
    };
    await Promise.all([scanned(), changed(), scanned()]);
    await holds(records, named("n", kept));
  });

  it("a namespace is deleted while another writes: each write is there whole or not at all", async (records, other) => {
    const random = seeded(15);
    const written: { readonly revision: number; readonly batch: readonly FaceRecord[] }[] = [];
    let [lastErasure, writing] = [0, 2];
    const write = async (writer: FaceRecords, name: string): Promise<void> => {
      for (let i = 0; i < 24; i++) {
        const batch = photos(`${name}-${i}`, `${name}-${i}`, random);
        written.push({ batch, ...(await writer.put("n", batch)) });
      }
      writing--;
    };
    const erase = async (): Promise<void> => {
      while (writing > 0) {
        const { deleted, revision } = await other.deleteNamespace("n");
        equal(deleted % 3, 0, "templates erased over whole members");
        if (deleted > 0) lastErasure = Math.max(lastErasure, revision);
        await pause(3);
      }
    };
    await records.put("beside", photos("zoe", "zoe", random));
    await Promise.all([write(records, "a"), erase(), write(other, "b")]);
    const there = written.filter(({ revision }) => revision > lastErasure).flatMap(({ batch }) => batch);
    equal(
      (await contents(records, "n")).map(keyOf),
      named("n", there).map(keyOf),
      "what was written after the erasure",
    );
    await records.deleteNamespace("beside");
    await holds(records, named("n", there));
  });

  it("an index that follows the changes while four write misses none", async (records, other) => {
    const mirror = new Mirror();
    let writing = 4;
    const write = async (writer: FaceRecords, seed: number): Promise<void> => {
      const random = seeded(seed);
      for (let i = 0; i < 25; i++) {
        const namespace = random() < 0.5 ? "n" : "m";
        const id = `${Math.floor(random() * 30)}`;
        const action = random();
        // Small and large writes, which take different times from their beginning to their commit.
        const size = action < 0.5 ? 1 : 40;
        const batch = Array.from({ length: size }, (_, n) =>
          record(`${id}-${n}`, `member-${id}`, randomVector(random)),
        );
        if (action < 0.8) await writer.put(namespace, batch);
        else if (action < 0.95) await writer.delete(namespace, { memberId: `member-${id}` });
        else await writer.delete(namespace, { ids: [`${id}-0`] });
      }
      writing--;
    };
    const follow = async (): Promise<void> => {
      while (writing > 0) {
        await mirror.follow(records);
        await pause(1);
      }
      await mirror.follow(records);
    };
    await Promise.all([follow(), ...[records, other, records, other].map((writer, i) => write(writer, 16 + i))]);
    const truth = await contents(records);
    equal(mirror.contents().map(keyOf), truth.map(keyOf), "ids that the follower holds");
    equal(mirror.contents(), truth, "what the follower holds");
    await holds(records, truth);
  });

  it("of many that write on one condition one wins each revision", async (records, other) => {
    for (let round = 0; round < 4; round++) {
      const ifRevision = await records.revision();
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) =>
          (i % 2 === 0 ? records : other).put("n", [record(`${round}-${i}`, `m${i}`)], { ifRevision }),
        ),
      );
      equal(results.filter(({ status }) => status === "fulfilled").length, 1, `winners of round ${round}`);
      const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      ensure(
        reasons.every((reason) => isFaceKitError(reason, "conflict")),
        `Losers must get a conflict; got ${reasons.map(String).join("; ")}.`,
      );
      equal((await contents(records, "n")).length, round + 1, "number of records");
    }
  });

  it("six who look before each write take seats without a gap or a double", async (records, other) => {
    const take = async (writer: FaceRecords, name: string): Promise<FaceRecord[]> => {
      const taken: FaceRecord[] = [];
      while (taken.length < 4) {
        const ifRevision = await writer.revision();
        const seat = record(`seat-${(await contents(writer, "n")).length}`, name);
        try {
          await writer.put("n", [seat], { ifRevision });
          taken.push(seat);
        } catch (error) {
          if (!isFaceKitError(error, "conflict")) throw error;
        }
      }
      return taken;
    };
    const taken = await Promise.all(Array.from({ length: 6 }, (_, i) => take(i % 2 === 0 ? records : other, `m${i}`)));
    await holds(records, named("n", taken.flat()));
    equal(new Set(taken.flat().map(({ id }) => id)).size, 24, "number of seats");
  });

  it("the clock jumps: revisions go on growing, dates stay what was given, and who opens then finds all", async (records, other) => {
    const [hour, year] = [3_600_000, 86_400_000 * 365];
    const written: FaceRecord[] = [];
    let last = 0;
    const write = async (writer: FaceRecords, jump: number): Promise<void> => {
      const n = written.length;
      const item = { ...record(`${n}`, "ann"), createdAt: minutesAfterNoon(n - 2) };
      const { revision } = await writer.put("n", [item]);
      ensure(revision > last, `Revisions must grow over a jump of ${jump} ms; got ${revision} after ${last}.`);
      last = revision;
      written.push(item);
    };
    await atJumpedTimes([0, hour, -year, 80 * year, -hour], async (jump) => {
      if (reopen !== undefined) {
        await lend(
          () => reopen(records),
          async (opened) => {
            await opened.open(space);
            await holds(opened, named("n", written));
            await write(opened, jump);
          },
        );
      }
      for (const writer of [records, other]) await write(writer, jump);
      for (const reader of [records, other]) await holds(reader, named("n", written));
    });
  });
}

/** Runs something while `Date` is so many milliseconds off, for each of them. `new Date()` does not ask `Date.now()`. */
async function atJumpedTimes(jumps: readonly number[], run: (jump: number) => Promise<void>): Promise<void> {
  const real = globalThis.Date;
  try {
    for (const jump of jumps) {
      const now = (): number => real.now() + jump;
      globalThis.Date = new Proxy(real, {
        construct: (target, given, as) => Reflect.construct(target, given.length === 0 ? [now()] : given, as),
        get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
      });
      await run(jump);
    }
  } finally {
    globalThis.Date = real;
  }
}
