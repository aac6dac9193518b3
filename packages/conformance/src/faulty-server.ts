import type { FaceRecord, FaceRecords, NamespacedFaceRecord } from "@facekit/core";
import { behindFaults, type FaultyServerConformanceOptions, hurt, rough } from "./behind-faults.js";
import { contents, holds, keyOf, Mirror, named } from "./contents.js";
import { ensure, equal } from "./expect.js";
import { axis, photos, record, seeded, space } from "./samples.js";

/**
 * What records on a server must do where the connection to it breaks, answers late, or loses answers to what the server
 * did: each call is fulfilled or rejects with a typed error, soon; what was acknowledged is there; a repeated put changes
 * nothing.
 */
export function faultyServerConformance(options: FaultyServerConformanceOptions<FaceRecords>): void {
  const { it, succeeds, untilDone } = behindFaults("FaceRecords", options, (records) => records.open(space));

  it("what was acknowledged is there, and what was not is there whole or not at all", async (faulty, sound, connection) => {
    const random = seeded(31);
    /** What each member may look like: one state, or two where a write was not acknowledged. */
    const possible = new Map<string, readonly (readonly FaceRecord[])[]>();
    connection.inflict(rough);
    const lane = async (lane: number): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        const memberId = `m${lane}-${Math.floor(random() * 12)}`;
        const before = possible.get(memberId) ?? [[]];
        const erases = random() < 0.25;
        const after = erases ? [] : photos(memberId, memberId, random);
        const call = erases ? faulty.delete("n", { memberId }) : faulty.put("n", after);
        const acknowledged = await succeeds(erases ? "delete" : "put", call);
        possible.set(memberId, acknowledged ? [after] : [...before, after]);
      }
    };
    await Promise.all([0, 1, 2, 3].map(lane));
    connection.inflict({});
    const found = await contents(sound);
    for (const [memberId, states] of possible) {
      const own = found.filter((each) => each.memberId === memberId);
      const fits = states.some((state) => sameTemplates(own, named("n", state)));
      ensure(fits, `${memberId} has templates ${own.map(keyOf).join(", ")}, which no write or half of one left.`);
    }
    await holds(sound, found);
    ensure(hurt(connection) > 0, "Nothing was dropped or swallowed.");
  });

  it("a put that is repeated until it is acknowledged is there once", async (faulty, sound, connection) => {
    const random = seeded(32);
    const batches = Array.from({ length: 40 }, (_, i) => photos(`m${i}`, `m${i}`, random));
    connection.inflict({ ...rough, swallow: 0.1 });
    for (const batch of batches) await untilDone(() => faulty.put("n", batch));
    connection.inflict({});
    await holds(sound, named("n", batches.flat()));
    ensure(connection.harm.swallowed > 0, "No answer was swallowed.");
  });

  it("an index that follows the changes gets to the truth", async (faulty, sound, connection) => {
    const random = seeded(33);
    const mirror = new Mirror();
    connection.inflict(rough);
    // A server that is asked seldom is not hurt in every dozen rounds.
    for (let round = 0; round < 12 || (hurt(connection) === 0 && round < 100); round++) {
      for (let i = 0; i < 4; i++) {
        const memberId = `m${Math.floor(random() * 20)}`;
        await sound.put("n", photos(memberId, memberId, random));
      }
      await sound.delete("n", { memberId: `m${Math.floor(random() * 20)}` });
      await untilDone(() => mirror.follow(faulty));
      const truth = await contents(sound);
      equal(mirror.contents(), truth, `what the follower holds after round ${round}`);
    }
    ensure(hurt(connection) > 0, "Nothing was dropped or swallowed.");
  });

  it("of two who write on one condition at most one is told that it won", async (faulty, sound, connection) => {
    connection.inflict({ ...rough, swallow: 0.1 });
    let told = 0;
    for (let round = 0; round < 30 || (hurt(connection) < 10 && round < 150); round++) {
      const ifRevision = await sound.revision();
      const before = (await contents(sound, "n")).length;
      const won = await Promise.all([
        succeeds("put", faulty.put("n", [record(`${round}-a`, "ann")], { ifRevision })),
        succeeds("put", sound.put("n", [record(`${round}-b`, "bob")], { ifRevision })),
      ]);
      const ids = (await contents(sound, "n")).map(({ id }) => id);
      equal(ids.length, before + 1, `records after round ${round}`);
      const winner = ids.includes(`${round}-a`) ? 0 : 1;
      ensure(!won[1 - winner], "Who was told to have won must have written.");
      told += won.filter(Boolean).length;
    }
    ensure(told > 0, "Nobody won.");
  });

  it("opening, too, works or fails soon, and the records go on when the faults are over", async (faulty, sound, connection) => {
    connection.inflict({ refuse: 0.3, drop: 0.1, swallow: 0.1, lateMs: 20 });
    for (let i = 0; i < 8; i++) {
      await succeeds("open", faulty.open(space));
      await succeeds("revision", faulty.revision());
    }
    connection.inflict({ refuse: 1, drop: 1 });
    equal(await succeeds("put", faulty.put("n", [record("lost", "ann")])), false, "a put without a connection");
    connection.inflict({});
    await untilDone(() => faulty.put("n", [record("1", "ann", axis(1))]));
    await holds(sound, named("n", [record("1", "ann", axis(1))]));
    await holds(faulty, named("n", [record("1", "ann", axis(1))]));
  });
}

function sameTemplates(found: readonly NamespacedFaceRecord[], state: readonly NamespacedFaceRecord[]): boolean {
  const text = (records: readonly NamespacedFaceRecord[]): string =>
    records.map(({ id, vector }) => `${id}: ${vector.join()}`).join("\n");
  return text(found) === text(state);
}
