import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cast, conditionsFromSeed, drawGroupPhoto, drawPortrait } from "@facekit/drawn-people";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { main } from "../main.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "facekit-example-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("registers drawn people, and turns away who is known already or shows no face of their own", async () => {
  expect(await main([], () => {})).toEqual({
    registered: cast.members
      .slice(0, 3)
      .map(({ name }) => name)
      .sort(),
    refused: {
      "joined-before": "already-enrolled",
      "photo-of-three": "several-faces",
      "photo-of-nobody": "no-face",
    },
  });
});

it("registers from a folder of photos, and knows the members again from the store", async () => {
  await save("ada/front.jpg", await portrait(1));
  await save("ada/notes.txt", Buffer.from("no photo"));
  const store = join(folder, "members.db");
  expect(await main([folder, store], () => {})).toEqual({ registered: ["ada"], refused: {} });
  expect(await main([folder, store], () => {})).toEqual({ registered: ["ada"], refused: {} });
});

it("runs the first lines of the README as they stand there", async () => {
  const source = await readFile(new URL("../first-lines.ts", import.meta.url), "utf8");
  const readme = await readFile(new URL("../../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(source.trim());

  for (const [i, file] of ["ada-front.jpg", "ada-left.jpg", "door.jpg", "badge.jpg"].entries()) {
    await save(file, await portrait(i));
  }
  const people = cast.members.slice(0, 2).map(({ person }, i) => ({ person, conditions: conditionsFromSeed(40 + i) }));
  await save("class.jpg", (await drawGroupPhoto(people)).image);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const before = process.cwd();
  process.chdir(folder);
  try {
    await import("../first-lines.js");
  } finally {
    process.chdir(before);
  }
  // Whether the second one of the class is told apart is not for these lines: drawings want their own threshold.
  expect(log).toHaveBeenCalledWith("ada", true, expect.arrayContaining(["ada"]), expect.any(Number));
  log.mockRestore();
});

async function portrait(seed: number): Promise<Buffer> {
  const ada = cast.members[0];
  if (ada === undefined) throw new Error("The cast is empty.");
  return drawPortrait(ada.person, conditionsFromSeed(seed));
}

async function save(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
