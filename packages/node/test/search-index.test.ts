import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVectorStore, isFaceKitError, memoryFaceRecords } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { hnswIndex } from "@facekit/index-hnsw";
import { createFaceKit, type NodeFaceKitOptions } from "@facekit/node";
import { expect, test } from "vitest";
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

test("refuses an index that it does not know, and one for a store that searches by itself", async () => {
  const unknown: object = { index: "annoy" };
  await expect(createFaceKit(unknown)).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringMatching(/"annoy"/),
  });
  const store = createVectorStore({ records: memoryFaceRecords(), index: exactIndex() });
  await expect(createFaceKit({ store, index: "exact" })).rejects.toMatchObject({ code: "invalid-argument" });
});
