import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createVectorStore as createOf, isFaceKitError, memoryFaceRecords, type SearchChoice } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { hnswIndex } from "@facekit/index-hnsw";
import { createFaceKit, createVectorStore, type NodeFaceKitOptions } from "@facekit/node";
import { expect, onTestFinished, test } from "vitest";
import { portrait } from "./drawn.js";

/** Why there is no hnswlib-node here. */
function missing(): string | undefined {
  try {
    hnswIndex();
    return undefined;
  } catch (error) {
    if (isFaceKitError(error, "not-supported")) return error.message;
    throw error;
  }
}

async function knows(index: NonNullable<NodeFaceKitOptions["index"]>): Promise<boolean> {
  const store = join(await mkdtemp(join(tmpdir(), "facekit-")), "members.db");
  await using kit = await createFaceKit({ store, index, threshold: 0.9 });
  await kit.register("ada", await portrait(1000, 1));
  return (await kit.identify(await portrait(1000, 2))).best?.memberId === "ada";
}

test.each(["exact", "auto"] as const)("searches by index: %j", async (index) => {
  expect(await knows(index)).toBe(true);
});

test("searches by an index of the caller's, and disposes it", async () => {
  const index = exactIndex();
  expect(await knows(index)).toBe(true);
  await expect(index.count("default")).rejects.toMatchObject({ code: "closed" });
});

test('searches by index: "hnsw", or says what brings it', async () => {
  const why = missing();
  if (why === undefined) expect(await knows("hnsw")).toBe(true);
  else await expect(knows("hnsw")).rejects.toMatchObject({ code: "not-supported", message: why });
});

test("createVectorStore takes the names, and tells what was chosen", async () => {
  const space = { id: "s", dimensions: 2, metric: "cosine" } as const;
  for (const index of ["exact", "auto"] as const) {
    const choices: SearchChoice[] = [];
    await using store = await createVectorStore({
      records: memoryFaceRecords(),
      index,
      onChoice: (choice) => choices.push(choice),
    });
    await store.open(space);
    const vector = Float32Array.of(1, 0);
    await store.upsert("n", [{ id: "1", memberId: "ann", vector, createdAt: new Date(0) }]);
    expect((await store.search("n", [vector], { k: 1 })).matches).toMatchObject([[{ memberId: "ann" }]]);
    await expect
      .poll(() => choices)
      .toEqual(index === "exact" ? [] : [expect.objectContaining({ engine: "exact", reason: expect.any(String) })]);
  }
});

test("core's createVectorStore says where names are taken", () => {
  const named: { index: never } = JSON.parse('{"index":"auto"}');
  expect(() => createOf({ records: memoryFaceRecords(), ...named })).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(/"auto".*@facekit\/node/) }),
  );
});

/** What a program says that runs with a copy of this package, beside which index-hnsw is not there, or not whole. */
async function saysBeside(broken: boolean, index: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "facekit-without-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const here = fileURLToPath(new URL("../", import.meta.url));
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "@facekit", "node"), { recursive: true });
  for (const name of ["core", "index-exact", "models", "onnx", "store-sql"]) {
    await symlink(join(here, "node_modules", "@facekit", name), join(modules, "@facekit", name));
  }
  for (const name of ["sharp", "onnxruntime-node"])
    await symlink(join(here, "node_modules", name), join(modules, name));
  for (const name of ["package.json", "dist"]) {
    await cp(join(here, name), join(modules, "@facekit", "node", name), { recursive: true });
  }
  if (broken) {
    const there = join(modules, "@facekit", "index-hnsw");
    await mkdir(there);
    const exports = { ".": "./dist/index.js", "./package.json": "./package.json" };
    await writeFile(join(there, "package.json"), JSON.stringify({ name: "@facekit/index-hnsw", exports }));
  }
  const script = `
    import { createVectorStore, memoryFaceRecords } from "@facekit/node";
    const told = [];
    const onChoice = (choice) => told.push(choice);
    const store = await createVectorStore({ records: memoryFaceRecords(), index: "${index}", onChoice }).catch(
      ({ code, message }) => ({ code, message }),
    );
    console.log(JSON.stringify({ id: store.id, code: store.code, message: store.message, told }));
    process.exit();`;
  await writeFile(join(folder, "program.mjs"), script);
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "program.mjs")]);
  return JSON.parse(stdout);
}

test("without @facekit/index-hnsw auto is exact and says so, and one that is broken is not passed over", async () => {
  const missing = expect.stringMatching(/not installed: npm install @facekit\/index-hnsw/);
  expect(await saysBeside(false, "hnsw")).toMatchObject({ code: "not-supported", message: missing });
  expect(await saysBeside(false, "auto")).toMatchObject({
    id: "memory-face-records+index-exact",
    told: [{ engine: "exact", reason: missing }],
  });
  expect(await saysBeside(true, "auto")).toMatchObject({ code: "ERR_MODULE_NOT_FOUND", told: [] });
});

test("refuses an index that it does not know, and one for a store that searches by itself", async () => {
  for (const [options, message] of [
    // Before the models are looked at.
    [{ index: "annoy", models: "none" }, /^index wants .*"annoy"/],
    [{ index: null, models: "none" }, /^index wants .*null/],
    [{ store: null, models: "none" }, /^store wants .*null/],
    [{ index: "auto", onChoice: "log", models: "none" }, /^onChoice wants a function/],
    [{ onProgress: 0, models: "none" }, /^onProgress wants a function/],
  ] as const) {
    const wrong: object = options;
    await expect(createFaceKit(wrong)).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(message),
    });
  }
  const store = createOf({ records: memoryFaceRecords(), index: exactIndex() });
  await expect(createFaceKit({ store, index: "exact" })).rejects.toMatchObject({ code: "invalid-argument" });
});
