import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { vectorIndexConformance, vectorStoreConformance } from "@facekit/conformance";
import { createVectorStore, dot, type EmbeddingSpace, memoryFaceRecords, normalize } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { describe, expect, test } from "vitest";

vectorIndexConformance({ test, create: () => exactIndex() });
describe("on the calling thread", () => vectorIndexConformance({ test, create: () => exactIndex({ threads: 0 }) }));
vectorStoreConformance({
  test,
  create: () => createVectorStore({ records: memoryFaceRecords(), index: exactIndex() }),
});

test("threads answer before the process ends, and do not keep it from ending", async () => {
  const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", `${folder}search-and-end.ts`], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect({ code, output }).toEqual({ code: 0, output: "true\n".repeat(4) });
});

test.each([-1, 1.5, 65, "all"])("refuses %s threads", (threads) => {
  const options: object = { threads };
  expect(() => exactIndex(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

describe("exactIndex", () => {
  const space: EmbeddingSpace = { id: "s", dimensions: 130, metric: "cosine" };
  const vector = (seed: number): Float32Array =>
    normalize(Array.from({ length: space.dimensions }, (_, i) => Math.sin(seed * 37 + i * (seed % 11))));
  const entries = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `t${i}`, memberId: `m${i}`, vector: vector(i + 1) }));

  test("keeps no average of those who are gone, in memory or in a snapshot", async () => {
    const index = exactIndex({ threads: 0 });
    await index.open(space);
    const gone = vector(7);
    const near = (seed: number) => normalize(vector(seed).map((value, i) => 0.3 * value + (gone[i] ?? 0)));
    const theirs = Array.from({ length: 256 }, (_, i) => ({ id: `g${i}`, memberId: "gone", vector: near(i + 20) }));
    await index.add("n", theirs);
    await index.add("n", [{ id: "s", memberId: "stays", vector: vector(3) }]);
    await index.remove(
      "n",
      theirs.map(({ id }) => id),
    );
    const likeGone: number[] = [];
    await index.save?.(async (piece) => {
      if (piece.length !== space.dimensions * 4) return;
      const floats = new Float32Array(piece.slice().buffer);
      if (floats.some((value) => value !== 0)) likeGone.push(dot(normalize(floats), gone));
    });
    for (const cosine of likeGone) expect(cosine).toBeCloseTo(dot(vector(3), gone), 5);
  });

  test("lets the event loop run during a long search", async () => {
    const index = exactIndex();
    await index.open(space);
    await index.add("n", entries(20_000));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await index.search(
      "n",
      entries(600).map((entry) => entry.vector),
      { k: 1 },
    );
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  test("stops a running search with the signal's reason", async () => {
    const index = exactIndex();
    await index.open(space);
    await index.add("n", entries(20_000));
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 5);
    const queries = entries(200).map((entry) => entry.vector);
    await expect(index.search("n", queries, { k: 1, signal: controller.signal })).rejects.toBe(reason);
    expect(await index.count("n")).toBe(20_000);
  });

  test("shows a running search the rows as they were when it began", async () => {
    const index = exactIndex();
    await index.open(space);
    await index.add("n", entries(20_000));
    const queries = entries(60).map((entry) => entry.vector);
    const searching = index.search("n", queries, { k: 1 });
    const removing = index.remove(
      "n",
      entries(60).map((entry) => entry.id),
    );
    expect((await searching).hits.map(([hit]) => hit?.similarity.toFixed(5))).toEqual(queries.map(() => "1.00000"));
    await removing;
    expect(await index.count("n")).toBe(19_940);
  });

  test("lets another index see its rows, what changed, and how near some of them are", async () => {
    const index = exactIndex({ threads: 0 });
    await index.open(space);
    const all = entries(400).map((entry, i) => ({ ...entry, memberId: `m${i >> 1}` }));
    await index.add("n", all);
    expect(index.namespaces).toEqual(["n"]);
    expect(await index.inspect("nowhere", () => "seen")).toBeUndefined();
    const queries = [vector(3), vector(99.5)];
    const everything = await index.search("n", queries, { k: 30 });
    await index.inspect("n", (rows) => {
      expect(rows.size).toBe(everything.comparisons);
      expect([...rows.ids.templates]).toEqual(all.map(({ id }) => id));
      expect(rows.vector("templates", "t7")).toEqual(all[7]?.vector);
      expect(rows.vector("means", "m900")).toBeUndefined();
      expect(rows.takeChanges()).toBeUndefined();
      // Of all candidates, the best are those of a search, to the last bit; what is not there is passed over.
      const candidates = { templates: [...rows.ids.templates, "none"], means: rows.ids.means };
      expect(rows.best(queries, 30, () => candidates)).toEqual(everything.hits);
      const some = (query: number) => ({ templates: [`t${query}`, "t50"], means: ["m3"] });
      expect(rows.best(queries, 9, some).map((hits) => hits.length)).toEqual([3, 3]);
    });
    const before = index.rewrites;
    await index.add("n", [{ id: "new", memberId: "m5", vector: vector(1000) }]);
    const changed = await index.inspect("n", (rows) => rows.takeChanges());
    expect([...(changed?.templates ?? [])]).toEqual(["new"]);
    expect([...(changed?.means ?? [])]).toEqual(["m5"]);
    expect(index.rewrites).toBe(before);
    await index.remove("n", ["t10", "t12", "none"]);
    expect(index.rewrites).toBeGreaterThan(before);
    const after = await index.inspect("n", (rows) => rows.takeChanges());
    expect([...(after?.templates ?? [])].sort()).toEqual(["t10", "t12"]);
    // Of one left there is no mean, of two another.
    expect([...(after?.means ?? [])].sort()).toEqual(["m5", "m6"]);
    expect([...((await index.inspect("n", (rows) => rows.takeChanges()))?.templates ?? [])]).toEqual([]);
  });

  test("wants open first and is closed after disposal", async () => {
    const index = exactIndex();
    await expect(index.count("n")).rejects.toMatchObject({ code: "invalid-argument" });
    await index.open(space);
    await index[Symbol.asyncDispose]();
    await expect(index.count("n")).rejects.toMatchObject({ code: "closed" });
  });
});
