import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MongoClient } from "mongodb";
import { expect, onTestFinished, test } from "vitest";
import { mongodbStore } from "../src/index.js";
import { collect, space, temporaryDatabase, uri, whereFrom } from "./support.js";

const rounds = 16;
const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Lets a process write until it is killed, `afterMs` after its first acknowledgement, or after its start. */
async function enrolUntilKilled(
  url: string,
  database: string,
  prefix: string,
  afterMs: number,
  from: "start" | "ack",
): Promise<string[]> {
  const script = `${folder}enrol-until-killed.ts`;
  const child = spawn(process.execPath, ["--import", "tsx", script, url, database, prefix], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = (): unknown => setTimeout(() => child.kill("SIGKILL"), afterMs);
  if (from === "start") kill();
  else child.stdout.once("data", kill);
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
  expect(signal).toBe("SIGKILL");
  return [...output.matchAll(/^ack (.*)\n/gm)].map((match) => match[1] ?? "");
}

test.skipIf(uri === undefined)(
  `two processes killed at ${rounds} random moments lose nothing acknowledged and leave nothing half (${whereFrom})`,
  async () => {
    const url = uri ?? "";
    const database = temporaryDatabase(url);
    const acknowledged = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      // Every fourth round dies somewhere between start and first writes.
      const lives = ["a", "b"].map((writer) => {
        const [afterMs, from] =
          round % 4 === 0 ? ([Math.random() * 1200, "start"] as const) : ([Math.random() * 150, "ack"] as const);
        return enrolUntilKilled(url, database, `${round}${writer}`, afterMs, from);
      });
      for (const member of (await Promise.all(lives)).flat()) acknowledged.add(member);
      const store = mongodbStore({ url, database });
      await store.faceRecords.open(space);
      const members = await collect(store.faceRecords.members("gym"));
      const there = new Set(members.map(({ memberId }) => memberId));
      expect(members.filter(({ templates }) => templates !== 3)).toEqual([]);
      expect([...acknowledged].filter((member) => !there.has(member))).toEqual([]);
      // Reading them checks their checksums.
      const changes = await collect(store.faceRecords.changes(0));
      expect(changes).toHaveLength(members.length * 3);
      expect(await collect(store.faceRecords.scan())).toHaveLength(members.length * 3);
      expect(changes.at(-1)?.revision ?? 0).toBe(await store.faceRecords.revision());
      const perMember = new Map<string, number>();
      for await (const { memberId } of store.visits.query("gym")) {
        perMember.set(memberId, (perMember.get(memberId) ?? 0) + 1);
      }
      expect([...perMember].filter(([, visits]) => visits !== 3)).toEqual([]);
      expect([...acknowledged].filter((member) => !perMember.has(member))).toEqual([]);
      await store[Symbol.asyncDispose]();
    }
    expect(acknowledged.size).toBeGreaterThan(rounds);

    // Means, which searches use and nobody is told of: one for each member, and that of the templates which are there.
    const client = new MongoClient(url);
    onTestFinished(() => client.close());
    const documents = client.db(database).collection("facekit.templates");
    const live = await documents.distinct("member", { state: "live" });
    const means = await documents.find({ state: "mean" }).project({ member: 1 }).toArray();
    expect(means.map(({ member }) => member).sort()).toEqual(live.sort());
  },
  240_000,
);
