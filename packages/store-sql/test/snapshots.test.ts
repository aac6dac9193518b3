import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FaceRecords } from "@facekit/core";
import Libsql from "libsql";
import { expect, onTestFinished, test } from "vitest";
import { openStore, recordOf, temporaryFile } from "./support.js";

const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));

function snapshotFiles(file: string): string[] {
  return readdirSync(dirname(file))
    .filter((name) => name.includes("-index-"))
    .map((name) => join(dirname(file), name));
}

/** Keeps a snapshot that says which it is. */
async function keep({ snapshots, revision }: FaceRecords, content: number): Promise<boolean | undefined> {
  const now = await revision();
  return snapshots?.keep(async (write) => {
    await write(Uint8Array.of(content));
    return now;
  });
}

async function kept({ snapshots }: FaceRecords): Promise<number | undefined> {
  await using found = await snapshots?.open();
  const target = new Uint8Array(1);
  await found?.read(target);
  return found && target[0];
}

test("a snapshot is one file that only its owner may read", async () => {
  const file = temporaryFile();
  const { faceRecords } = await openStore(file);
  for (const content of [1, 2, 3]) await keep(faceRecords, content);
  const [only = "", ...others] = snapshotFiles(file);
  expect(others).toEqual([]);
  if (process.platform !== "win32") expect(statSync(only).mode & 0o777).toBe(0o600);
  expect(await kept(faceRecords)).toBe(3);
});

test("a database from before there were snapshots gets a place for one", async () => {
  const file = temporaryFile();
  const store = await openStore(file);
  await store.faceRecords.put("gym", [recordOf("1", "anna", 1)]);
  await store[Symbol.asyncDispose]();
  const older = new Libsql(file);
  older.exec("DROP TABLE snapshot; PRAGMA user_version = 1");
  older.close();
  const { faceRecords } = await openStore(file);
  expect(await kept(faceRecords)).toBe(undefined);
  expect(await keep(faceRecords, 1)).toBe(true);
  expect(await kept(faceRecords)).toBe(1);
  expect(await faceRecords.revision()).toBe(1);
});

test("a snapshot of another past is not used", async () => {
  const file = temporaryFile();
  const store = await openStore(file);
  await store.faceRecords.put("gym", [recordOf("1", "anna", 1)]);
  await keep(store.faceRecords, 1);
  await store[Symbol.asyncDispose]();
  copyFileSync(file, `${file}.backup`);

  const later = await openStore(file);
  await later.faceRecords.put("gym", [recordOf("2", "bert", 2)]);
  await keep(later.faceRecords, 2);
  await later[Symbol.asyncDispose]();
  renameSync(`${file}.backup`, file);

  const restored = await openStore(file);
  await restored.faceRecords.put("gym", [recordOf("3", "cleo", 3)]);
  expect(await kept(restored.faceRecords)).toBe(undefined);
  expect(snapshotFiles(file)).toEqual([]);
});

test("a snapshot of another database is not used, and deleted", async () => {
  const file = temporaryFile();
  const store = await openStore(file);
  await keep(store.faceRecords, 1);
  await store[Symbol.asyncDispose]();
  for (const name of ["", "-wal", "-shm"]) rmSync(file + name, { force: true });
  const { faceRecords } = await openStore(file);
  expect(await kept(faceRecords)).toBe(undefined);
  expect(snapshotFiles(file)).toEqual([]);
});

test("an erasure by way of a symbolic link deletes the snapshot beside the file", async () => {
  const file = temporaryFile();
  const link = join(dirname(temporaryFile()), "link.db");
  const { faceRecords } = await openStore(file);
  await faceRecords.put("gym", [recordOf("1", "anna", 1)]);
  await keep(faceRecords, 1);
  symlinkSync(file, link);
  const linked = await openStore(link);
  expect(await kept(linked.faceRecords)).toBe(1);
  await linked.faceRecords.delete("gym", { memberId: "anna" });
  expect(snapshotFiles(file)).toEqual([]);
});

/** Leaves what a process had written of a snapshot when it was killed. */
async function killWriter(file: string): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", `${folder}snapshot-until-killed.ts`, file], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.once("data", () => child.kill("SIGKILL"));
  await new Promise((resolve) => child.once("close", resolve));
  expect(child.signalCode).toBe("SIGKILL");
  expect(snapshotFiles(file)).toHaveLength(1);
}

test("what a killed process had written of a snapshot goes at the next opening, and at the next erasure", async () => {
  const file = temporaryFile();
  const { faceRecords } = await openStore(file);
  await faceRecords.put("gym", [recordOf("1", "anna", 1)]);
  await killWriter(file);
  expect(await kept(faceRecords)).toBe(undefined);
  expect(snapshotFiles(file)).toEqual([]);

  await killWriter(file);
  await faceRecords.delete("gym", { memberId: "anna" });
  expect(snapshotFiles(file)).toEqual([]);
}, 60_000);

test("a full disk loses nothing but the snapshot", async (context) => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return context.skip("mounting a small disk wants root on Linux");
  }
  const disk = mkdtempSync(join(tmpdir(), "facekit-full-disk-"));
  onTestFinished(() => rmSync(disk, { recursive: true }));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "pipe" });
  } catch (error) {
    return context.skip(`no tmpfs could be mounted: ${error}`);
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", disk]);
  });
  const file = join(disk, "members.db");
  const store = await openStore(file);
  const { faceRecords } = store;
  await faceRecords.put("gym", [recordOf("1", "anna", 1)]);
  await keep(faceRecords, 1);
  const tooLarge = faceRecords.snapshots?.keep(async (write) => {
    for (let i = 0; i < 8; i++) await write(new Uint8Array(2 ** 18));
    return 1;
  });
  await expect(tooLarge).rejects.toMatchObject({ code: "store-full" });
  expect(snapshotFiles(file)).toHaveLength(1);
  expect(await kept(faceRecords)).toBe(1);
  await faceRecords.put("gym", [recordOf("2", "bert", 2)]);
  expect(await faceRecords.revision()).toBe(2);
  await store[Symbol.asyncDispose]();
});
