import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { collect, openStore, temporaryFile } from "./support.js";

const rounds = 24;
const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Lets a process enrol until it is killed, `afterMs` after its first acknowledgement, or after its start. */
async function enrolUntilKilled(
  file: string,
  prefix: string,
  afterMs: number,
  from: "start" | "ack",
): Promise<string[]> {
  const child = spawn(process.execPath, ["--import", "tsx", `${folder}enrol-until-killed.ts`, file, prefix], {
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

test(`a process killed at ${rounds} random moments loses no acknowledged member and leaves none half`, async () => {
  const file = temporaryFile();
  const acknowledged = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    // Every fourth round dies somewhere between start and first writes.
    const [afterMs, from] =
      round % 4 === 0 ? ([Math.random() * 900, "start"] as const) : ([Math.random() * 150, "ack"] as const);
    for (const member of await enrolUntilKilled(file, `${round}`, afterMs, from)) acknowledged.add(member);
    const store = await openStore(file);
    const members = await collect(store.faceRecords.members("gym"));
    const there = new Set(members.map(({ memberId }) => memberId));
    expect(members.filter(({ templates }) => templates !== 3)).toEqual([]);
    expect([...acknowledged].filter((member) => !there.has(member))).toEqual([]);
    // Reading them checks their checksums.
    expect(await collect(store.faceRecords.changes(0))).toHaveLength(members.length * 3);
    await store[Symbol.asyncDispose]();
  }
  expect(acknowledged.size).toBeGreaterThan(rounds);
}, 120_000);
