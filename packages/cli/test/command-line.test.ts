import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, facekit } from "./facekit.js";

const badUse = { error: { code: "invalid-argument", message: expect.any(String) } };

describe("a command line that cannot be understood", () => {
  test.each([
    [["identify", "--frobnicate", "a.jpg"], "--frobnicate"],
    [["identify"], "photo"],
    [["verify", "only-one.jpg"], "'b'"],
    [["attend", "a.jpg"], "--session"],
    [["conquer"], "conquer"],
    [["members", "--threshold", "high"], "--threshold"],
    [["members", "--threshold", "36"], "from -1 to 1"],
    [["members", "--threshold", "0.5", "--false-match-rate", "1e-3"], "--threshold"],
    [["members", "--namespace"], "--namespace"],
    [["models"], "command"],
    [[], "command"],
  ])("%j exits with 2 and names %s", async (argv, named) => {
    const cwd = await emptyFolder();
    const people = await facekit(cwd, ...argv);
    expect(people).toMatchObject({ status: 2, stdout: "" });
    expect(people.stderr).toContain(named);
    expect(people.stderr.match(/^error:/gm)).toHaveLength(1);

    const programs = await facekit(cwd, "--json", ...argv);
    expect(programs.status).toBe(2);
    expect(programs.json()).toEqual(badUse);
  });
});

describe("arguments that are not there", () => {
  test.each([
    [["identify", "no.jpg"], "image-not-found"],
    [["verify", "no.jpg", "neither.jpg"], "image-not-found"],
    [["attend", "no.jpg", "--session", "s"], "image-not-found"],
    [["identify", "."], "image-not-found"],
    [["register", "nowhere"], "invalid-argument"],
    [["demo", "nowhere"], "invalid-argument"],
  ])("%j exits with 2", async (argv, code) => {
    const cwd = await emptyFolder();
    const ran = await facekit(cwd, ...argv, "--json");
    expect(ran.status).toBe(2);
    expect(ran.json()).toMatchObject({ error: { code } });
    expect(await readdir(cwd)).toEqual([]);
  });

  test("a folder without members is refused", async () => {
    const cwd = await emptyFolder();
    await mkdir(join(cwd, "members", ".hidden"), { recursive: true });
    await writeFile(join(cwd, "members", "loose.jpg"), "");
    const ran = await facekit(cwd, "register", "members", "--json");
    expect(ran.status).toBe(2);
    expect(ran.json()).toMatchObject({ error: { message: expect.stringContaining("Make one for each member") } });
  });
});

test("help and version exit with 0 and go to stdout", async () => {
  const cwd = await emptyFolder();
  const help = await facekit(cwd, "attend", "--help");
  expect(help).toMatchObject({ status: 0, stderr: "" });
  for (const word of ["--session", "--annotate", "--false-match-rate"]) expect(help.stdout).toContain(word);
  expect((await facekit(cwd, "attend", "--help", "--json")).json()).toEqual({ text: help.stdout.trimEnd() });
  expect(await facekit(cwd, "--version")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  expect((await facekit(cwd, "--version", "--json")).json()).toEqual({ text: expect.stringMatching(/^\d/) });
});

test.each([
  "demo",
  "register",
  "identify",
  "verify",
  "attend",
  "members",
  "forget",
  "models list",
  "models pull",
  "models check",
])("the help of %s ends with an example", async (command) => {
  const help = await facekit(await emptyFolder(), ...command.split(" "), "--help");
  const [, examples] = help.stdout.split(/\nExamples?:\n/);
  expect(examples).toContain(`  facekit ${command}`);
});

test("an unknown pack is bad use or not found, never a stack trace", async () => {
  const ran = await facekit(await emptyFolder(), "members", "--models", "eyes+nose", "--json");
  expect([2, 3]).toContain(ran.status);
  expect(ran.json()).toMatchObject({ error: { code: expect.stringMatching(/^(invalid-argument|model-not-found)$/) } });
});
