import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { collect, recordsOn, serverForTest, space } from "./support.js";

const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));

async function enrol(url: string, prefix: string, members: number): Promise<number | null> {
  const child = spawn(process.execPath, ["--import", "tsx", `${folder}enrol.ts`, url, prefix, `${members}`], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve) => child.once("close", resolve));
}

test("two processes add 200 members each to one event at once: 400 are there", { timeout: 300_000 }, async () => {
  const server = await serverForTest({ staleMs: 2000, listLagMs: 500 });
  expect(await Promise.all(["a", "b"].map((prefix) => enrol(server.url(), prefix, 200)))).toEqual([0, 0]);
  const records = recordsOn(server);
  await records.open(space);
  const wanted = ["a", "b"].flatMap((prefix) => Array.from({ length: 200 }, (_, i) => `${prefix}-${i}`)).sort();
  expect((await collect(records.members("gala"))).map(({ memberId }) => memberId)).toEqual(wanted);
  expect((await collect(records.scan("gala"))).map(({ id }) => id).sort()).toEqual(wanted);
  expect(await records.revision()).toBe(400);
  // One list for each process that opened the store, whatever the number of members.
  expect(server.requests.admin).toBeLessThanOrEqual(4);
});
