import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Detector } from "@facekit/core";
import { decodeImage, loadPack } from "@facekit/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareWithOpenCv, type OpenCvMeasurement } from "../accuracy/yunet-agreement.js";

const beside = (folder: string): string => fileURLToPath(new URL(`../../../shared/${folder}`, import.meta.url));
const photos = `${process.env.FACEKIT_FACES ?? beside("faces")}/groups`;
const modelsDirectory = process.env.FACEKIT_MODELS ?? beside("models");
const absent = !existsSync(photos) || !existsSync(modelsDirectory);
const whyNot = "needs photos and weights that are not ours to ship: folders named by FACEKIT_FACES and FACEKIT_MODELS";

const measured = new URL("../results/opencv-yunet.json", import.meta.url);

/** In pixels of the net's input. `yunet-640` sees more black beside a small photo than OpenCV does, and that shows. */
const packs = [
  { name: "yunet+retail-0095", apart: 0.01, scenes: ["group", "portrait"] },
  { name: "yunet-640+retail-0095", apart: 0.5, scenes: ["group"] },
] as const;
const title = "yunet and yunet-640 find what OpenCV finds, within half a pixel";

describe.skipIf(absent)(absent ? `${title} (${whyNot})` : title, () => {
  let detectors: ((typeof packs)[number] & { readonly detector: Detector })[] = [];
  beforeAll(async () => {
    detectors = await Promise.all(
      packs.map(async (pack) => {
        const { detector, embedder } = await loadPack(pack.name, { modelsDirectory });
        await embedder[Symbol.asyncDispose]();
        return { ...pack, detector };
      }),
    );
  });
  afterAll(async () => {
    for (const { detector } of detectors) await detector[Symbol.asyncDispose]();
  });

  test("in 18 photos, as groups and as portraits", { timeout: 180_000 }, async () => {
    const { photos: byName } = JSON.parse(await readFile(measured, "utf8")) as OpenCvMeasurement;
    let matched = 0;
    for (const [photo, theirs] of Object.entries(byName)) {
      const image = await decodeImage(`${photos}/${photo}`);
      for (const { name, apart, scenes, detector } of detectors) {
        for (const scene of scenes) {
          const agreement = compareWithOpenCv(await detector.detect(image, { scene }), theirs, scene);
          const where = { photo, name, scene };
          expect({ ...where, ...agreement }).toMatchObject({ ...where, missing: 0, extra: 0 });
          expect(agreement.inputPixels, JSON.stringify(where)).toBeLessThanOrEqual(apart);
          matched += agreement.matched;
        }
      }
    }
    // 48 boxes as groups, 47 as portraits.
    expect(matched).toBe(48 + 47 + 48);
  });
});
