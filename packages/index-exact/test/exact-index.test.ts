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

  test("wants open first and is closed after disposal", async () => {
    const index = exactIndex();
    await expect(index.count("n")).rejects.toMatchObject({ code: "invalid-argument" });
    await index.open(space);
    await index[Symbol.asyncDispose]();
    await expect(index.count("n")).rejects.toMatchObject({ code: "closed" });
  });
});
