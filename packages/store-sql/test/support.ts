import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from "../src/index.js";
import { space } from "./fixtures/templates.js";

export { recordOf, space, vectorOf } from "./fixtures/templates.js";

/** A path in a folder of its own, which is deleted after the test. */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "facekit-store-sql-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "members.db");
}

/** A store that is open for `space` and closed after the test. */
export async function openStore(file: string, options?: SqliteStoreOptions): Promise<SqliteStore> {
  const store = sqliteStore(file, options);
  onTestFinished(() => store[Symbol.asyncDispose]());
  await store.faceRecords.open(space);
  return store;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
