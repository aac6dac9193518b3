import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import Libsql from "libsql";
import { describe, expect, test } from "vitest";
import { type SqliteStore, sqliteStore } from "../src/index.js";
import { collect, openStore, recordOf, space, temporaryFile, vectorOf } from "./support.js";

/** A closed store of 200 templates. */
async function filledFile(): Promise<string> {
  const file = temporaryFile();
  await using store = sqliteStore(file);
  await store.faceRecords.open(space);
  await store.faceRecords.put(
    "gym",
    Array.from({ length: 200 }, (_, i) => recordOf(`t${i}`, `m${i}`, i)),
  );
  return file;
}

async function readAll(file: string): Promise<unknown> {
  const { faceRecords } = await openStore(file);
  return collect(faceRecords.changes(0));
}

describe("a damaged file", () => {
  test("of garbage is refused and left as it is", async () => {
    const file = temporaryFile();
    writeFileSync(file, "no database ".repeat(1000));
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
    await expect(readAll(file)).rejects.toThrow(/members\.db" cannot be used.*Restore it from a backup/);
    expect(readFileSync(file, "utf8")).toBe("no database ".repeat(1000));
  });

  test.each([1, 100, 60_000])("that lost its end is refused, with %i bytes left", async (length) => {
    const file = await filledFile();
    truncateSync(file, length);
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test.each([0, 100, 511])("with a flipped bit in byte %i of a vector is noticed", async (offset) => {
    const file = await filledFile();
    const bytes = readFileSync(file);
    const at = bytes.indexOf(Buffer.from(vectorOf(150).buffer)) + offset;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(file, bytes);
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
    await expect(readAll(file)).rejects.toThrow(/template "t150" of namespace "gym" is not as it was written/);
    const { faceRecords } = await openStore(file);
    await expect(collect(faceRecords.scan("gym"))).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test("with a flipped bit in the name of a column is noticed", async () => {
    const file = await filledFile();
    const bytes = readFileSync(file);
    bytes.writeUInt8("t".charCodeAt(0), bytes.indexOf("source TEXT"));
    writeFileSync(file, bytes);
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test("whose header calls for a newer SQLite is refused as damaged, not as read-only", async () => {
    const file = await filledFile();
    const bytes = readFileSync(file);
    bytes.writeUInt8(6, 18);
    writeFileSync(file, bytes);
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test("with random bytes over a page is noticed", async () => {
    const file = await filledFile();
    const bytes = readFileSync(file);
    const page = 8192;
    const at = Math.floor(bytes.indexOf(Buffer.from(vectorOf(150).buffer)) / page) * page;
    bytes.fill(0xa5, at, at + page);
    writeFileSync(file, bytes);
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
  });
});

describe("an index that does not agree with its rows", () => {
  const page = 8192;
  /** How the entry of the template t150 begins in its index: the types of its columns, and these. */
  const entries = {
    templates_by_member: Buffer.from("\x05\x13\x15\x05\x02gymm150"),
    templates_by_revision: Buffer.from("\x05\x09\x13\x15\x02gymt150"),
    "by id": Buffer.from("\x04\x13\x15\x02gymt150"),
  } as const;
  const readings = {
    templates_by_member: ({ faceRecords }: SqliteStore) => collect(faceRecords.members("gym")),
    templates_by_revision: ({ faceRecords }: SqliteStore) => collect(faceRecords.changes(0)),
    "by id": ({ faceRecords }: SqliteStore) => collect(faceRecords.scan("gym")),
  } as const;
  const indexes = ["templates_by_member", "templates_by_revision", "by id"] as const;

  /** Changes the bytes of the file. `at` is the first byte of the entry's columns, `first` of its page. */
  async function damagedFile(
    index: (typeof indexes)[number],
    damage: (bytes: Buffer, at: number, first: number) => void,
  ): Promise<string> {
    const file = await filledFile();
    const bytes = readFileSync(file);
    const at = bytes.indexOf(entries[index]) + entries[index].length - "gymt150".length;
    expect(bytes.includes(entries[index])).toBe(true);
    damage(bytes, at, Math.floor(at / page) * page);
    writeFileSync(file, bytes);
    return file;
  }

  test.each(indexes)("as it lost an entry, is noticed: %s", async (index) => {
    const file = await damagedFile(index, (bytes, _, first) => {
      bytes.writeUInt16BE(bytes.readUInt16BE(first + 3) - 1, first + 3);
    });
    await expect(readings[index](await openStore(file))).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test.each(indexes)("as it holds one twice and another not, is noticed: %s", async (index) => {
    const file = await damagedFile(index, (bytes, _, first) => bytes.copyWithin(first + 28, first + 30, first + 32));
    await expect(readings[index](await openStore(file))).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test.each([
    ["namespace", 0],
    ["member", 6],
    ["date", 12],
  ])("as it tells another %s, is noticed", async (_, offset) => {
    const file = await damagedFile("templates_by_member", (bytes, at) => {
      bytes.writeUInt8(bytes.readUInt8(at + offset) ^ 16, at + offset);
    });
    const reading = readings.templates_by_member(await openStore(file));
    await expect(reading).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test.each([1, 0x80])(
    "as it tells another last revision, is noticed before anything is written (%i)",
    async (mask) => {
      const file = await filledFile();
      await using store = await openStore(file);
      await store.faceRecords.put("gym", [recordOf("t1", "m1")]);
      await store[Symbol.asyncDispose]();
      const bytes = readFileSync(file);
      // The entry of the index: a revision of one byte, then its namespace.
      const at = bytes.indexOf("\x03\x01\x13\x02gym") + 3;
      expect(bytes.includes("\x03\x01\x13\x02gym")).toBe(true);
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
      writeFileSync(file, bytes);
      const { faceRecords } = await openStore(file);
      await expect(faceRecords.revision()).rejects.toMatchObject({ code: "store-corrupt" });
      await expect(faceRecords.put("gym", [recordOf("t1", "m1")])).rejects.toMatchObject({ code: "store-corrupt" });
    },
  );

  test("is noticed where it is another namespace in the scan of one", async () => {
    const file = await damagedFile("by id", (bytes, at) => bytes.writeUInt8(bytes.readUInt8(at) ^ 16, at));
    await expect(readings["by id"](await openStore(file))).rejects.toMatchObject({ code: "store-corrupt" });
  });
});

describe("a file that lost its space", () => {
  test("is refused and keeps its vectors", async () => {
    const file = await filledFile();
    const other = new Libsql(file);
    other.exec("DELETE FROM space; DELETE FROM free_slots");
    const vectors = () => other.prepare("SELECT slot, hex(vector) AS vector FROM vectors").all();
    const before = vectors();
    await expect(openStore(file)).rejects.toMatchObject({ code: "store-corrupt" });
    expect(vectors()).toEqual(before);
    other.close();
  });
});

describe("a file that is not ours", () => {
  test("but another program's database is refused and left as it is", async () => {
    const file = temporaryFile();
    const other = new Libsql(file);
    other.exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')");
    other.close();
    const before = readFileSync(file);
    await expect(readAll(file)).rejects.toMatchObject({ code: "store-corrupt" });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("but a newer version's is refused", async () => {
    const file = await filledFile();
    const newer = new Libsql(file);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    await expect(readAll(file)).rejects.toMatchObject({ code: "not-supported" });
    await expect(readAll(file)).rejects.toThrow(/schema 99/);
  });

  test("but empty is taken over", async () => {
    const file = temporaryFile();
    appendFileSync(file, "");
    expect(await readAll(file)).toEqual([]);
  });
});

describe("a place that cannot be used", () => {
  test("a folder that does not exist", async () => {
    const opening = openStore(`${temporaryFile()}/none/members.db`);
    await expect(opening).rejects.toMatchObject({ code: "store-unavailable", retryable: false });
    await expect(opening).rejects.toThrow(/none\/members\.db" does not exist/);
  });

  test("a folder in place of the file", async () => {
    const file = temporaryFile();
    mkdirSync(file);
    await expect(openStore(file)).rejects.toMatchObject({ code: "store-unavailable" });
  });
});

describe("a file that another process keeps locked", () => {
  test("is waited for without blocking, then given up", async () => {
    const file = await filledFile();
    const { faceRecords } = await openStore(file, { busyTimeoutMs: 300 });
    const other = new Libsql(file);
    other.exec("BEGIN IMMEDIATE");
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    const put = faceRecords.put("gym", [recordOf("t1", "anna")]);
    await expect(put).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(0);
    // Reading goes on meanwhile.
    expect(await collect(faceRecords.scan())).toHaveLength(200);
    setTimeout(() => other.exec("COMMIT"), 30);
    await faceRecords.put("gym", [recordOf("t1", "anna")]);
    other.close();
  });
});
