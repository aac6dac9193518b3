import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { cast } from "@facekit/drawn-people";
import { beforeAll, expect, test } from "vitest";
import { emptyFolder, facekit, type Ran } from "./facekit.js";

let cwd: string;
let drawn: Ran;

beforeAll(async () => {
  cwd = await emptyFolder();
  drawn = await facekit(cwd, "demo");
});

test("the demo on drawn people ends with full fractions", async () => {
  expect(drawn.status).toBe(0);
  const lines = drawn.stdout.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("demo:"))).toEqual([lines.at(-1)]);
  const last =
    /^demo: verified (\d+)\/(\d+), identified (\d+)\/(\d+), strangers refused (\d+)\/(\d+), attendance (\d+)\/(\d+), \d+ ms per photo$/;
  const numbers =
    last
      .exec(lines.at(-1) ?? "")
      ?.slice(1)
      .map(Number) ?? [];
  const [verified, ofVerified, identified, ofIdentified, refused, ofRefused, attended, ofAttended] = numbers;
  expect([verified, identified, refused, attended]).toEqual([ofVerified, ofIdentified, ofRefused, ofAttended]);
  expect(ofVerified).toBe(3 * cast.members.length);
  expect(ofRefused).toBe(cast.strangers.length);
  expect(drawn.stdout).toContain("Drawn people look like relatives");
  expect(await readdir(join(cwd, "facekit-demo", "attendance"))).toEqual(["group-1.png", "group-2.png", "group-3.png"]);
});

test("the demo on a folder leaves one photo of each member out and starts afresh", async () => {
  const ran = await facekit(cwd, "demo", "facekit-demo", "--json");
  expect(ran.status).toBe(0);
  const of = cast.members.length;
  expect(ran.json()).toMatchObject({
    verified: { of },
    identified: { of },
    strangersRefused: { of },
    attendance: { of: expect.any(Number) },
    members: cast.members
      .map(({ name }) => ({ memberId: name, templates: 2 }))
      .sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
    msPerPhoto: expect.any(Number),
  });
});

test("the demo keeps away from the store of others", async () => {
  const ran = await facekit(cwd, "demo", "--store", "mine.db", "--json");
  expect(ran.status).toBe(2);
  expect(existsSync(join(cwd, "mine.db"))).toBe(false);
});
