import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { findPhotos } from "../photos.js";
import { bareCosts } from "../pipeline/bare-inference.js";
import { ours } from "../pipeline/facekit.js";
import type { SetRuns } from "../pipeline/measure.js";
import { euclidean, Gallery } from "../pipeline/nearest.js";
import { folderSummary, pipelineSummary } from "../pipeline/summary.js";

const nowhere = "/nonexistent";
const runs = (msPerPhoto: number[], parts: Partial<SetRuns> = {}): { threads: number; sets: SetRuns[] } => ({
  threads: 1,
  sets: [{ name: "portraits", photos: 2, faces: 2, members: 1, msPerPhoto, ...parts }],
});

test("a photo's time is the median over the passes of all rounds, beside face-api's and the bare nets'", () => {
  const parts = { decodeMs: [2, 2, 3], inferenceMs: [8, 8, 7] };
  const figures = pipelineSummary([
    { round: 0, contender: "facekit bundled", measured: runs([12, 11, 20], parts) },
    { round: 0, contender: "face-api wasm", measured: runs([110, 130]) },
    { round: 0, contender: "absent", measured: { skipped: "no compiler" } },
    { round: 1, contender: "absent", measured: { skipped: "no compiler" } },
    { round: 1, contender: "face-api wasm", measured: runs([120]) },
    { round: 1, contender: "facekit bundled", measured: { skipped: "it took too long" } },
  ]);
  const shared = { photos: "portraits", threads: 1, faces: 2, members: 1 };
  expect(figures).toEqual([
    {
      ...shared,
      contender: "facekit bundled",
      msPerPhoto: 12,
      minMs: 11,
      maxMs: 20,
      ratioToFaceApi: 10,
      decodeMs: 2,
      inferenceMs: 8,
      overBareInference: 1.2,
    },
    { ...shared, contender: "face-api wasm", msPerPhoto: 120, minMs: 110, maxMs: 130, ratioToFaceApi: 1 },
    { contender: "absent", skipped: "no compiler" },
  ]);
});

test("without face-api there is no ratio to it", () => {
  const [figures] = pipelineSummary([{ round: 0, contender: "human wasm", measured: runs([5]) }]);
  expect(figures).toMatchObject({ ratioToFaceApi: null });
});

test("a folder is compared with one worker of the same pack", () => {
  const round = (workers: number, ...photosPerSecond: number[]) => ({
    round: 0,
    contender: "facekit bundled",
    workers,
    measured: { photosPerSecond, coresBusy: photosPerSecond.map(() => workers) },
  });
  const skipped = { round: 0, contender: "facekit a+b", workers: 2, measured: { skipped: "one worker alone" } };
  expect(folderSummary([round(1, 10, 11, 9), round(2, 19, 18), round(2, 20), skipped])).toEqual([
    {
      contender: "facekit bundled",
      workers: 1,
      photosPerSecond: 10,
      minPerSecond: 9,
      maxPerSecond: 11,
      coresBusy: 1,
      ratioToOneWorker: 1,
    },
    {
      contender: "facekit bundled",
      workers: 2,
      photosPerSecond: 19,
      minPerSecond: 18,
      maxPerSecond: 20,
      coresBusy: 2,
      ratioToOneWorker: 1.9,
    },
    { contender: "facekit a+b, 2 workers", skipped: "one worker alone" },
  ]);
});

test("the nearest of a gallery is the least far template", () => {
  const gallery = new Gallery();
  expect(gallery.nearest([0, 0], euclidean)).toEqual({ memberId: undefined, distance: Number.POSITIVE_INFINITY });
  gallery.add("a", [0, 3]);
  gallery.add("b", [4, 0]);
  gallery.add("a", [9, 9]);
  expect(gallery.nearest([3, 0], euclidean)).toEqual({ memberId: "b", distance: 1 });
});

test("without photos people are drawn; the kit finds them, and the bare nets are given what it gave them", async () => {
  const photos = await findPhotos(nowhere);
  expect(photos.source).toBe("drawn");
  expect(photos.sets.map(({ name }) => name)).toEqual(["portraits", "groups"]);
  const [portraits, groups] = photos.sets;
  const portrait = await readFile(portraits?.photos[0] ?? "");
  const group = await readFile(groups?.photos[1] ?? "");

  await using contender = await ours("bundled", {});
  const [member] = photos.gallery;
  await contender.enrol("ada", await readFile(member?.photo ?? ""));
  expect(await contender.whoIsOn(portrait, "portrait")).toEqual({ faces: 1, members: 1 });
  expect((await contender.whoIsOn(group, "group")).faces).toBe(4);

  const bare = await bareCosts("bundled", {}, [
    { bytes: portrait, kind: "portrait" },
    { bytes: group, kind: "group" },
  ]);
  const cost = await bare(portrait);
  expect(cost.decodeMs).toBeGreaterThan(0);
  expect(cost.inferenceMs).toBeGreaterThan(0);
  // A photo that was not recorded has no tensors to run.
  await expect(bare(await readFile(member?.photo ?? ""))).rejects.toThrow("not recorded");
}, 120_000);

test("a pack without weights is skipped with what to do", async () => {
  await expect(ours("yunet+retail-0095", {})).rejects.toThrow("--models DIR");
});
