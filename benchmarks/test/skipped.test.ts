import { mkdtemp, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { inFreshProcess, inTurn } from "../fresh-process.js";
import { reasonOf } from "../skipped.js";

async function script(source: string): Promise<URL> {
  const file = join(await mkdtemp(join(tmpdir(), "facekit-bench-")), "script.mjs");
  await writeFile(file, source);
  return pathToFileURL(file);
}

const plain = { typescript: false };

test("a process answers with its last line, whatever it printed before", async () => {
  const noisy = await script(
    "console.log('loading'); console.log(JSON.stringify({ got: JSON.parse(process.argv[2]) }))",
  );
  expect(await inFreshProcess(noisy, { contender: "a" }, plain)).toEqual({ got: { contender: "a" } });
});

test("a process that fails, ends early or hangs is skipped with its reason", async () => {
  const fails = await script("throw new TypeError('no such net')");
  expect(await inFreshProcess(fails, {}, plain)).toEqual({ skipped: "TypeError: no such net" });
  const silent = await script("process.exit(3)");
  expect(await inFreshProcess(silent, {}, plain)).toEqual({ skipped: expect.stringContaining("Command failed") });
  const says = await script("console.log('done')");
  expect(await inFreshProcess(says, {}, plain)).toEqual({ skipped: expect.stringContaining("JSON") });
  const hangs = await script("setInterval(() => {}, 1000)");
  expect(await inFreshProcess(hangs, {}, { ...plain, timeoutMs: 300 })).toEqual({ skipped: "it took too long" });
});

test("a reason is one line without folders of the machine", () => {
  expect(reasonOf(new Error(`${homedir()}/models is empty\nsecond line`))).toBe("~/models is empty");
  const python = [
    "Traceback (most recent call last):",
    '  File "a.py", line 1',
    "ModuleNotFoundError: No module named 'x'",
  ];
  expect(reasonOf(python.join("\n"))).toBe("ModuleNotFoundError: No module named 'x'");
});

test("every other round goes backwards", () => {
  expect([0, 1, 2].map((round) => inTurn(["a", "b"], round))).toEqual([
    ["a", "b"],
    ["b", "a"],
    ["a", "b"],
  ]);
});
