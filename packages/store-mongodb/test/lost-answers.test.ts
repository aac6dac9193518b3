import { type FaultyConnection, faultyConnection } from "@facekit/conformance/faults";
import type { Visit } from "@facekit/core";
import { type CommandStartedEvent, MongoClient } from "mongodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type MongodbStore, mongodbStore } from "../src/index.js";
import { collect, recordOf, space, temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

const visit = (key: string, memberId = "anna"): Visit => ({
  key,
  memberId,
  at: new Date(1_760_000_000_000),
  timeZone: "UTC",
});

/** A store that can lose an answer, and another over the same database that loses none. */
async function places(): Promise<{
  losing: MongodbStore;
  sound: MongodbStore;
  client: MongoClient;
  database: string;
  /** Runs a call whose commit comes through and whose answer does not, and `meanwhile` before it can ask again. */
  lose<T>(call: () => Promise<T>, meanwhile: () => Promise<void>): Promise<T>;
}> {
  const url = new URL(uri ?? "");
  const database = temporaryDatabase(url.href);
  const connection: FaultyConnection = await faultyConnection({ host: url.hostname, port: Number(url.port) });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  const through = new MongoClient(`mongodb://127.0.0.1:${connection.port}/?directConnection=true`, {
    monitorCommands: true,
  });
  const client = new MongoClient(url.href);
  for (const each of [through, client]) onTestFinished(() => each.close());
  const open = (of: MongoClient): MongodbStore => {
    const store = mongodbStore({ client: of, database, timeoutMs: 120_000 });
    onTestFinished(() => store[Symbol.asyncDispose]());
    return store;
  };
  const [losing, sound] = [open(through), open(client)];
  for (const { faceRecords } of [losing, sound]) await faceRecords.open(space);
  return {
    losing,
    sound,
    client,
    database,
    async lose(call, meanwhile) {
      const lost = new Promise<void>((resolve) => {
        const listen = ({ command }: CommandStartedEvent): void => {
          if (!/commits$/.test(String(command.insert))) return;
          connection.inflict({ swallow: 1, refuse: 1 });
          through.off("commandStarted", listen);
          through.once("commandFailed", () => resolve());
        };
        through.on("commandStarted", listen);
      });
      const answer = call();
      await Promise.race([lost, answer]);
      await meanwhile();
      connection.inflict({});
      return answer;
    },
  };
}

describe.skipIf(uri === undefined)(`A commit whose answer was lost (${whereFrom})`, () => {
  // 32 revisions and a write of that revision tidy the log.
  for (const aged of [false, true]) {
    const when = aged ? "a day later" : "after a hundred writes of others";

    test(`of visits: they are there, ${when}`, async () => {
      const { losing, sound, client, database, lose } = await places();
      const appended = await lose(
        () => losing.visits.append("gym", [visit("1"), visit("2")]),
        async () => {
          if (aged) await ageCommits(client, database, "facekit.visit-commits");
          for (let i = 0; i < 100; i++) await sound.visits.append("gym", [visit(`other ${i}`)]);
        },
      );
      expect(appended).toBe(2);
      const keys = (await collect(sound.visits.query("gym"))).map(({ key }) => key);
      expect(keys).toHaveLength(102);
      expect(keys.slice(0, 2)).toEqual(["1", "2"]);
      expect(await losing.visits.append("gym", [visit("1"), visit("2")])).toBe(0);
    });

    test(`of templates: they are there, ${when}`, async () => {
      const { losing, sound, client, database, lose } = await places();
      await lose(
        () => losing.faceRecords.put("gym", [recordOf("1", "anna")], { ifRevision: 0 }),
        async () => {
          if (aged) await ageCommits(client, database, "facekit.commits");
          for (let i = 0; i < 100; i++) await sound.faceRecords.put("gym", [recordOf("2", "ben", i)]);
        },
        // Where the log has forgotten it, what was decided is not known any more.
      ).catch((error) => expect({ error, aged }).toMatchObject({ error: { code: "conflict" }, aged: true }));
      expect((await collect(sound.faceRecords.scan())).map(({ id }) => id)).toEqual(["1", "2"]);
    });
  }

  test("of an erasure: it tells how many were erased", async () => {
    const { losing, sound, lose } = await places();
    await sound.visits.append("gym", [visit("1"), visit("2"), visit("3", "ben")]);
    await sound.faceRecords.put("gym", [recordOf("1", "anna"), recordOf("2", "ben")]);
    const nothing = async (): Promise<void> => undefined;
    expect(await lose(() => losing.visits.deleteMember("gym", "anna"), nothing)).toBe(2);
    expect(await lose(() => losing.faceRecords.delete("gym", { memberId: "anna" }), nothing)).toEqual({
      deleted: 1,
      revision: 2,
    });
    expect(await collect(sound.visits.query("gym"))).toEqual([visit("3", "ben")]);
  });
});

async function ageCommits(client: MongoClient, database: string, commits: string): Promise<void> {
  const at = new Date(Date.now() - 25 * 3_600_000);
  await client.db(database).collection(commits).updateMany({}, { $set: { at } });
}
