import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFaceKitError } from "@facekit/core";
import { expect, onTestFinished, test } from "vitest";
import { sqliteStore } from "../src/index.js";
import { collect, openStore, recordOf } from "./support.js";

/** A disk of 1 MiB, or why there can be none. */
function smallDisk(): { folder: string } | { reason: string } {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return { reason: "mounting a small disk wants root on Linux" };
  const folder = mkdtempSync(join(tmpdir(), "facekit-full-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
  } catch (error) {
    rmSync(folder, { recursive: true });
    return { reason: `no tmpfs could be mounted: ${error}` };
  }
  return { folder };
}

test("a full disk: the write is refused whole, the rest is kept, and there is a way on", async (context) => {
  const disk = smallDisk();
  if ("reason" in disk) return context.skip(disk.reason);
  onTestFinished(() => {
    execFileSync("umount", ["-l", disk.folder]);
    rmSync(disk.folder, { recursive: true });
  });
  const file = join(disk.folder, "members.db");
  const ballast = join(disk.folder, "ballast");
  writeFileSync(ballast, new Uint8Array(300_000));
  const store = await openStore(file);
  const { faceRecords } = store;

  const enrol = (i: number): Promise<unknown> =>
    faceRecords.put(
      "gym",
      [1, 2, 3].map((n) => recordOf(`m${i}/${n}`, `m${i}`, i * 3 + n)),
    );
  let enrolled = 0;
  let failure: unknown;
  while (failure === undefined && enrolled < 2000) {
    await enrol(enrolled).then(
      () => enrolled++,
      (error: unknown) => {
        failure = error;
      },
    );
  }
  expect(failure).toMatchObject({ code: "store-full" });
  expect(isFaceKitError(failure) && failure.message).toMatch(/Free some space/);
  expect(enrolled).toBeGreaterThan(1);
  await expect(enrol(enrolled)).rejects.toMatchObject({ code: "store-full" });

  const members = await collect(faceRecords.members("gym"));
  expect(members).toHaveLength(enrolled);
  expect(members.every(({ templates }) => templates === 3)).toBe(true);
  expect(await collect(faceRecords.changes(0))).toHaveLength(enrolled * 3);
  expect(await faceRecords.revision()).toBe(enrolled);

  rmSync(ballast);
  await enrol(enrolled);
  await store[Symbol.asyncDispose]();
  const reopened = await openStore(file);
  expect(await collect(reopened.faceRecords.changes(0))).toHaveLength((enrolled + 1) * 3);
  await reopened[Symbol.asyncDispose]();
});

test("a disk that is full from the start", async (context) => {
  const disk = smallDisk();
  if ("reason" in disk) return context.skip(disk.reason);
  onTestFinished(() => {
    execFileSync("umount", ["-l", disk.folder]);
    rmSync(disk.folder, { recursive: true });
  });
  const ballast = join(disk.folder, "ballast");
  writeFileSync(ballast, new Uint8Array(1_044_480));
  const store = sqliteStore(join(disk.folder, "members.db"));
  onTestFinished(() => store[Symbol.asyncDispose]());
  await expect(store.members.put("gym", { id: "anna" })).rejects.toMatchObject({ code: "store-full" });
  rmSync(ballast);
  await store.members.put("gym", { id: "anna" });
  expect(await store.members.get("gym", "anna")).toEqual({ id: "anna" });
  await store[Symbol.asyncDispose]();
});
