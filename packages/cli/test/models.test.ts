import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { modelCards } from "@facekit/models";
import { describe, expect, test } from "vitest";
import { emptyFolder, facekit } from "./facekit.js";

const cache = ["--cache-dir", "cache"];

describe("models list", () => {
  test("tells licence, size and place of every model", async () => {
    const ran = await facekit(await emptyFolder(), "models", "list", ...cache, "--json");
    expect(ran.status).toBe(0);
    const { models } = ran.json() as { models: { id: string; where: string | null }[] };
    expect(models.map(({ id }) => id)).toEqual(modelCards.map(({ id }) => id));
    for (const { bundled, id } of modelCards) {
      expect(models.find((model) => model.id === id)).toMatchObject({
        licence: expect.any(String),
        commercialUse: expect.stringMatching(/^(yes|no|unclear)$/),
        bytes: expect.any(Number),
        where: bundled ? "bundled" : null,
      });
    }
  });

  test("is a table for people", async () => {
    const { stdout } = await facekit(await emptyFolder(), "models", "list", ...cache);
    expect(stdout).toMatch(/^id +task +licence +commercial use +size +where\n/);
    expect(stdout).toMatch(/^sface +embed +Apache-2\.0 +unclear +38\.7 MB +not here, can be pulled$/m);
  });
});

describe("models check", () => {
  test("verifies what is here", async () => {
    const ran = await facekit(await emptyFolder(), "models", "check", ...cache, "--json");
    expect(ran.status).toBe(0);
    const bundled = modelCards.filter((card) => card.bundled);
    expect(ran.json()).toEqual({
      models: bundled.map(({ id }) => ({ id, ok: true, where: "bundled", path: expect.any(String) })),
    });
  });

  test("a damaged or missing file that was named is a failure", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "face_detection_yunet_2023mar.onnx"), "torn");
    const ran = await facekit(cwd, "models", "check", "yunet-640+sface", "--models-dir", ".", ...cache, "--json");
    expect(ran.status).toBe(3);
    expect(ran.json()).toMatchObject({
      models: [
        { id: "yunet-640", ok: false, code: "model-corrupt" },
        { id: "sface", ok: false, code: "model-not-found" },
      ],
    });
  });
});

test("pulling a model that nobody knows is bad use", async () => {
  const ran = await facekit(await emptyFolder(), "models", "pull", "nothing", ...cache, "--json");
  expect(ran.status).toBe(2);
  expect(ran.json()).toMatchObject({ error: { code: "invalid-argument" } });
});
