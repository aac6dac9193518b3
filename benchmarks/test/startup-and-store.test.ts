import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFaceKitError } from "@facekit/core";
import { expect, onTestFinished, test } from "vitest";
import { startupSummary } from "../startup/summary.js";
import { backends, missing, placeAt } from "../store/backends.js";
import { storeSummary } from "../store/summary.js";
import { namespace, spaceOf, templates } from "../store/templates.js";

test("starting up is the median of the processes; one that failed once does not count", () => {
  const answer = (answeredMs: number) => ({
    startedMs: 1,
    readyMs: answeredMs - 10,
    answeredMs,
    memoryMiB: 50,
    faces: 1,
  });
  const rounds = [30, 20, 90].map((ms, round) => ({ round, contender: "a", measured: answer(ms) }));
  const failed = { round: 3, contender: "a", measured: { skipped: "it took too long" } };
  const absent = { round: 0, contender: "b", measured: { skipped: "no weights" } };
  expect(startupSummary([...rounds, failed, absent])).toEqual([
    { contender: "a", readyMs: 20, firstAnswerMs: 30, minMs: 20, maxMs: 90, memoryMiB: 50 },
    { contender: "b", skipped: "no weights" },
  ]);
});

test("a store's figures are medians of the rounds, from the records and from a snapshot", () => {
  const opened = (searchedMs: number) => ({ openMs: searchedMs - 1, searchedMs, memoryMiB: 100 });
  const known = { backend: "sqlite", dimensions: 512 };
  const figures = storeSummary([
    { ...known, round: 0, count: 0, written: { perSecond: { "1": 100, "100": 5000 } } },
    {
      ...known,
      round: 0,
      count: 1000,
      filled: { fillMs: 5, bytes: 2 ** 21 },
      opened: { records: opened(40), snapshot: opened(10) },
    },
    { ...known, round: 1, count: 0, written: { perSecond: { "1": 120, "100": 4000 } } },
    { ...known, round: 1, count: 1000, opened: { records: opened(50), snapshot: { skipped: "the disk is full" } } },
  ]);
  const written = { ...known, minPerSecond: 100, maxPerSecond: 120 };
  const full = { ...known, count: 1000, memoryMiB: 100, fileMiB: 2 };
  expect(figures).toEqual([
    { ...written, batch: 1, perSecond: 100 },
    { ...written, batch: 100, perSecond: 4000, minPerSecond: 4000, maxPerSecond: 5000 },
    { ...full, from: "records", openMs: 40, minMs: 40, maxMs: 50 },
    { ...full, from: "snapshot", openMs: 10, minMs: 10, maxMs: 10 },
    { backend: "sqlite", skipped: "the disk is full" },
  ]);
});

for (const [name, backend] of Object.entries(backends)) {
  const reason = missing(backend);
  test(`${name} finds what was written, and tells its size where it knows it`, async (context) => {
    if (reason !== undefined) context.skip(reason);
    const folder = await mkdtemp(join(tmpdir(), "facekit-bench-"));
    const place = placeAt(folder);
    onTestFinished(async () => {
      await backend.drop?.(place);
      await rm(folder, { recursive: true, force: true });
    });
    await using opened = await backend.open(place).catch((error: unknown) => {
      // A package that is not installed, or not compiled.
      if (isFaceKitError(error, "not-supported")) return context.skip(error.message);
      throw error;
    });
    const { store } = opened;
    await store.open(spaceOf(16));
    const written = [...templates(20, 16)];
    await store.upsert(namespace, written);
    const { matches } = await store.search(namespace, [written[7]?.vector ?? new Float32Array()], { k: 1 });
    expect(matches[0]?.[0]?.memberId).toBe("m7");
    expect(store.capabilities.persistent).toBe(backend.persistent);
    if (backend.bytes !== undefined) expect(await backend.bytes(place)).toBeGreaterThan(20 * 16 * 4);
  });
}
