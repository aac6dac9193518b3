import type { FaceRecord, VectorStore } from "@facekit/core";
import { agrees } from "./agrees.js";
import { behindFaults, type FaultyServerConformanceOptions, hurt, rough } from "./behind-faults.js";
import { ensure, equal } from "./expect.js";
import { axis, photos, randomVector, record, seeded, space } from "./samples.js";
import { collect } from "./suite.js";

/**
 * What a store that searches on a server must do where the connection to it breaks, answers late, or loses answers to what
 * the server did: as its records must, and each search that is answered agrees with what is there.
 */
export function faultyVectorStoreConformance(options: FaultyServerConformanceOptions<VectorStore>): void {
  const { it, succeeds, untilDone } = behindFaults("VectorStore", options, (store) => store.open(space));

  it("what was acknowledged is found, and what was not is there whole or not at all", async (faulty, sound, connection) => {
    const random = seeded(41);
    /** What each member may look like: one state, or more where writes were not acknowledged. */
    const possible = new Map<string, readonly (readonly FaceRecord[])[]>();
    connection.inflict(rough);
    const lane = async (lane: number): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        const memberId = `m${lane}-${Math.floor(random() * 12)}`;
        const before = possible.get(memberId) ?? [[]];
        const erases = random() < 0.25;
        const after = erases ? [] : photos(memberId, memberId, random);
        const call = erases ? faulty.deleteMember("n", memberId) : faulty.upsert("n", after);
        const acknowledged = await succeeds(erases ? "deleteMember" : "upsert", call);
        possible.set(memberId, acknowledged ? [after] : [...before, after]);
        if (i % 4 === 0) await succeeds("search", faulty.search("n", [randomVector(random)], { k: 3 }));
      }
    };
    await Promise.all([0, 1, 2, 3].map(lane));
    connection.inflict({});
    const there: FaceRecord[] = [];
    for (const [memberId, states] of possible) {
      const state = await stateOf(sound, memberId, states);
      ensure(state !== undefined, `${memberId} has templates that no write or half of one left.`);
      there.push(...state);
    }
    for (const store of [sound, faulty]) await agrees(store, "n", there, random);
    ensure(hurt(connection) > 0, "Nothing was dropped or swallowed.");
  });

  it("what is repeated until it is acknowledged is there once, and is erased whole", async (faulty, sound, connection) => {
    const random = seeded(42);
    const batches: FaceRecord[][] = [];
    connection.inflict({ ...rough, swallow: 0.05 });
    // A server that is asked seldom swallows no answer in two dozen writes.
    for (let i = 0; i < 20 || (connection.harm.swallowed === 0 && i < 200); i++) {
      const batch = photos(`m${i}`, `m${i}`, random);
      await untilDone(() => faulty.upsert("n", batch));
      batches.push(batch);
    }
    await agrees(sound, "n", batches.flat(), random);
    for (let i = 0; i < 10; i++) await untilDone(() => faulty.deleteMember("n", `m${i}`));
    await agrees(sound, "n", batches.slice(10).flat(), random);
    await untilDone(() => faulty.deleteNamespace("n"));
    await agrees(sound, "n", [], random);
    ensure(connection.harm.swallowed > 0, "No answer was swallowed.");
  });

  it("a search that is answered agrees with what others wrote before it", async (faulty, sound, connection) => {
    const random = seeded(43);
    const held = new Map<string, readonly FaceRecord[]>();
    const patient: Pick<VectorStore, "capabilities" | "count" | "search"> = {
      capabilities: faulty.capabilities,
      count: (...call) => untilDone(() => faulty.count(...call)),
      search: (...call) => untilDone(() => faulty.search(...call)),
    };
    connection.inflict(rough);
    for (let round = 0; round < 12 || (hurt(connection) < 5 && round < 100); round++) {
      for (let i = 0; i < 4; i++) {
        const memberId = `m${Math.floor(random() * 20)}`;
        const batch = photos(memberId, memberId, random);
        await sound.upsert("n", batch);
        held.set(memberId, batch);
      }
      const erased = `m${Math.floor(random() * 20)}`;
      await sound.deleteMember("n", erased);
      held.delete(erased);
      await agrees(patient, "n", [...held.values()].flat(), random);
    }
    ensure(hurt(connection) > 0, "Nothing was dropped or swallowed.");
  });

  it("of two who register on one condition at most one is told that it won, where it claims to", async (faulty, sound, connection) => {
    if (!sound.capabilities.conditionalWrites) return;
    connection.inflict({ ...rough, swallow: 0.1 });
    let told = 0;
    for (let round = 0; round < 30 || (hurt(connection) < 10 && round < 150); round++) {
      const { revision: ifRevision } = await sound.search("n", [axis(0)], { k: 1 });
      const before = (await sound.count("n")).members;
      const won = await Promise.all([
        succeeds("upsert", faulty.upsert("n", [record(`${round}-a`, `${round}-a`)], { ifRevision })),
        succeeds("upsert", sound.upsert("n", [record(`${round}-b`, `${round}-b`)], { ifRevision })),
      ]);
      const members = (await collect(sound.members("n"))).map(({ memberId }) => memberId);
      equal(members.length, before + 1, `members after round ${round}`);
      const winner = members.includes(`${round}-a`) ? 0 : 1;
      ensure(!won[1 - winner], "Who was told to have won must have written.");
      told += won.filter(Boolean).length;
    }
    ensure(told > 0, "Nobody won.");
  });

  it("opening, too, works or fails soon, and the store goes on when the faults are over", async (faulty, sound, connection) => {
    connection.inflict({ refuse: 0.3, drop: 0.1, swallow: 0.1, lateMs: 20 });
    for (let i = 0; i < 8; i++) {
      await succeeds("open", faulty.open(space));
      await succeeds("search", faulty.search("n", [axis(0)], { k: 1 }));
    }
    connection.inflict({ refuse: 1, drop: 1 });
    equal(
      await succeeds("upsert", faulty.upsert("n", [record("lost", "ann")])),
      false,
      "an upsert without a connection",
    );
    equal(await succeeds("search", faulty.search("n", [axis(0)], { k: 1 })), false, "a search without a connection");
    connection.inflict({});
    const written = [record("1", "ann", axis(1))];
    await untilDone(() => faulty.upsert("n", written));
    for (const store of [sound, faulty]) await agrees(store, "n", written, seeded(44));
  });
}

/** Which of these states a member is in. Each template of it is found under its own id, and there are no more. */
async function stateOf(
  store: VectorStore,
  memberId: string,
  states: readonly (readonly FaceRecord[])[],
): Promise<readonly FaceRecord[] | undefined> {
  const member = (await collect(store.members("n"))).find((each) => each.memberId === memberId);
  for (const state of states) {
    if (state.length !== (member?.templates ?? 0)) continue;
    const probes = state.map(({ vector }) => vector);
    const { matches } = await store.search("n", probes, { k: 1, memberIds: [memberId] });
    const found = state.every(({ id }, i) => {
      const [match] = matches[i] ?? [];
      return match?.templateId === id && match.similarity > 1 - 1e-5;
    });
    if (found) return state;
  }
  return undefined;
}
