import { retry } from "@facekit/core";
import { expect, test } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";
import { keyOf, nameOf } from "../src/names.js";
import { collect, failureOf, impatientRecordsOn, recordOf, recordsOn, serverForTest, space } from "./support.js";

const gym = `facekit/${nameOf("gym")}`;

/** A file of a member that no commit names. */
function strayOf(memberId: string, base: number): string {
  return `${gym}/m-${keyOf(memberId)}/b${base}-${"0".repeat(32)}.json`;
}

test("each member has one file, and an erased template is in no file", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("gym", [recordOf("1", "ann", 1), recordOf("2", "bob", 2)]);
  await records.put("gym", [recordOf("3", "ann", 3)]);
  await records.put("gym", [recordOf("1", "ann", 4)]);
  const members = (): string[] => [...server.files().keys()].filter((file) => /\/b\d+-/.test(file));
  await expect.poll(members, { timeout: 30_000 }).toHaveLength(2);
  const contentsWith = (seed: number): string[] => {
    const { vector } = recordOf("", "", seed);
    const base64 = Buffer.from(vector.buffer).toString("base64");
    return [...server.files()].flatMap(([file, bytes]) => (bytes.includes(base64) ? [file] : []));
  };
  expect(contentsWith(1)).toEqual([]);
  expect(contentsWith(4)).toHaveLength(1);
  await records.delete("gym", { ids: ["3"] });
  expect(contentsWith(3)).toEqual([]);
  await records.delete("gym", { memberId: "ann" });
  expect(contentsWith(4)).toEqual([]);
  expect(members()).toHaveLength(1);
});

test("who is erased is named in no file, nor is anybody in the log; another process still learns which templates are gone", async () => {
  const server = await serverForTest({ staleMs: 1000 });
  const records = recordsOn(server);
  await records.open(space);
  await records.put("gym", [recordOf("1", "ann-of-the-hill", 1), recordOf("2", "bob", 2)]);
  await records.put("gym", [recordOf("3", "ann-of-the-hill", 3)]);
  const { revision } = await records.put("pool", [recordOf("4", "cho-by-the-sea", 4)]);
  const log = [...server.files()].filter(([file]) => /^facekit\/(log|votes)\//.test(file));
  expect(log.length).toBeGreaterThan(3);
  for (const [file, bytes] of log) expect(`${file} ${bytes.toString()}`).not.toMatch(/of-the-hill|by-the-sea|bob/);
  await records.delete("gym", { memberId: "ann-of-the-hill" });
  await records.deleteNamespace("pool");
  for (const [file, bytes] of server.files())
    expect(`${file} ${bytes.toString()}`).not.toMatch(/of-the-hill|by-the-sea/);
  const again = recordsOn(server);
  await again.open(space);
  expect((await collect(again.scan())).map(({ id }) => id)).toEqual(["2"]);
  const gone = (await collect(again.changes(revision))).map((change) => (change.kind === "delete" ? change.id : "put"));
  expect(gone.sort()).toEqual(["1", "3", "4"]);
});

test("nothing is public: a file is read with its signature only", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("gym", [recordOf("1", "ann")]);
  const files = [...server.files().keys()];
  expect(files.some((file) => file.includes(keyOf("ann")))).toBe(true);
  for (const file of files) {
    // Its public id, as the delivery wants it.
    expect(file).toMatch(/^facekit\//);
    for (const path of [
      `raw/authenticated/${file}`,
      `raw/authenticated/s--AAAAAAAA--/v1/${file}`,
      `raw/upload/${file}`,
    ]) {
      const response = await fetch(`${server.address}/facekit-test/${path}`);
      expect(response.ok).toBe(false);
    }
  }
});

test("deleteNamespace leaves no file of the event, what a killed writer left included, and no other event's", async () => {
  const server = await serverForTest({ listLagMs: 200, staleMs: 1000 });
  const records = recordsOn(server);
  await records.open(space);
  await records.put(
    "gym",
    Array.from({ length: 30 }, (_, i) => recordOf(`${i}`, `member ${i % 10}`, i)),
  );
  await records.put("gym 2", [recordOf("1", "ann")]);
  // Laid down by one who knew of no deletion yet, and of this one.
  server.place(strayOf("ann", 1), "{");
  server.place(strayOf("bob", 3), "{");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await records.deleteNamespace("gym")).deleted).toBe(30);
  const left = [...server.files().keys()].filter((file) => file.startsWith(`${gym}/`));
  expect(left).toEqual([]);
  expect(await collect(records.scan())).toHaveLength(1);
});

test("deleteNamespace leaves another store alone whose folder lies in that of the event", async () => {
  const server = await serverForTest();
  const [records, other] = [recordsOn(server), recordsOn(server, gym)];
  await records.open(space);
  await other.open(space);
  await other.put("gym", [recordOf("1", "ann")]);
  await records.put("gym", [recordOf("2", "bob")]);
  await records.deleteNamespace("gym");
  const again = recordsOn(server, gym);
  await again.open(space);
  expect((await collect(again.scan())).map(({ id }) => id)).toEqual(["1"]);
});

test("the erasure of a member takes enrolments along that broke off, whether he was enrolled or not", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("gym", [recordOf("1", "ann"), recordOf("2", "bob")]);
  for (const [memberId, deleted] of [
    ["ann", 1],
    ["cho", 0],
  ] as const) {
    // Its writer knew of the last commit, and is about to make the next.
    server.place(strayOf(memberId, await records.revision()), "{");
    expect((await records.delete("gym", { memberId })).deleted).toBe(deleted);
    expect([...server.files().keys()].filter((file) => file.includes(keyOf(memberId)))).toEqual([]);
  }
  expect((await collect(records.scan())).map(({ id }) => id)).toEqual(["2"]);
});

test("strays: files that the log does not name are listed with their reason, and deleted", async () => {
  const server = await serverForTest();
  const [records, other] = [impatientRecordsOn(server), recordsOn(server)];
  await other.open(space);
  await other.put("gym", [recordOf("1", "ann")]);
  await retry(() => records.open(space), { deadlineMs: 60_000 });
  const otherSpace = JSON.stringify({ format: 1, space: "other", namespace: "gym", memberId: "Bob", templates: [] });
  server.place(strayOf("Bob", 0), otherSpace);
  server.place(strayOf("Zoë", 0), '{"format":1,"spa');
  const strays = await collect(records.strays?.list("gym") ?? emptyList());
  expect(strays.map(({ why, memberId }) => ({ why, memberId }))).toEqual(
    expect.arrayContaining([
      { why: "other-space", memberId: "Bob" },
      { why: "no-member", memberId: undefined },
    ]),
  );
  expect(strays).toHaveLength(2);
  const used = [...server.files().keys()].filter((file) => file.includes(keyOf("ann")));
  expect(await other.strays?.delete("gym", [...strays.map(({ id }) => id), ...used, "elsewhere"])).toBe(2);
  expect(await collect(other.strays?.list("gym") ?? emptyList())).toEqual([]);
  expect(await collect(other.scan("gym"))).toHaveLength(1);
});

async function* emptyList(): AsyncGenerator<never> {}

test("a file of a member that somebody wrote over is store-corrupt", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("gym", [recordOf("1", "ann")]);
  server.place([...server.files().keys()].find((file) => file.includes(keyOf("ann"))) ?? "", '{"format":2}');
  expect((await failureOf(collect(records.scan()))).code).toBe("store-corrupt");
});

test("a file of a member that lacks a template which the log names is store-corrupt", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("gym", [recordOf("1", "ann"), recordOf("2", "ann")]);
  const [file = "", bytes] = [...server.files()].find(([name]) => name.includes(keyOf("ann"))) ?? [];
  const { templates, ...rest } = JSON.parse(String(bytes));
  server.place(file, JSON.stringify({ ...rest, templates: templates.slice(1) }));
  const again = recordsOn(server);
  await again.open(space);
  const readers = [
    () => collect(again.scan()),
    () => collect(again.changes(0)),
    () => collect(again.members("gym")),
    () => again.delete("gym", { ids: ["2"] }),
  ];
  for (const read of readers) expect((await failureOf(Promise.resolve(read()))).code).toBe("store-corrupt");
});

test("a folder that lies in the log of another is no part of it", async () => {
  const server = await serverForTest();
  const [records, other] = [recordsOn(server), recordsOn(server, "facekit/log")];
  await records.open(space);
  await other.open(space);
  await records.put("gym", [recordOf("1", "ann")]);
  for (const id of ["2", "3"]) await other.put("gym", [recordOf(id, "bob")]);
  const again = recordsOn(server);
  await again.open(space);
  expect((await collect(again.scan())).map(({ id }) => id)).toEqual(["1"]);
});

test("a file that is gone is store-corrupt, and what is no JSON is not quoted", async () => {
  const server = await serverForTest();
  const [records, other] = [impatientRecordsOn(server), recordsOn(server)];
  await other.open(space);
  await other.put("gym", [recordOf("1", "ann")]);
  await retry(() => records.open(space), { deadlineMs: 60_000 });
  const file = [...server.files().keys()].find((name) => name.includes(keyOf("ann"))) ?? "";
  server.place(file, "AAAB3NzaC1yc2E is no JSON");
  const error = await failureOf(collect(records.scan()));
  expect(error.code).toBe("service-unavailable");
  expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain("AAAB3");
  server.remove(file);
  expect((await failureOf(collect(records.scan()))).code).toBe("store-corrupt");
});

test("members are told with the ids of their templates", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  const dateOf = (seed: number): Date => recordOf("", "", seed).createdAt;
  await records.put("gym", [recordOf("1", "bob", 5), recordOf("2", "ann", 6), recordOf("3", "bob", 4)]);
  const again = recordsOn(server);
  await again.open(space);
  for (const opened of [records, again]) {
    expect(await collect(opened.members("gym"))).toEqual([
      { memberId: "ann", templates: 1, enrolledAt: dateOf(6), lastEnrolledAt: dateOf(6), templateIds: ["2"] },
      { memberId: "bob", templates: 2, enrolledAt: dateOf(4), lastEnrolledAt: dateOf(5), templateIds: ["1", "3"] },
    ]);
  }
});

test("namespaces become public ids, and no two the same", () => {
  const ids = ["ann", "Ann", "a_b", "a/b", "../..", "v12", "Zoë", "%41", "n-x", "日本", " ", "a b", "\u{1F600}"];
  for (const id of ids) expect(nameOf(id)).toMatch(/^n-[a-z0-9_-]+$/);
  expect(new Set(ids.map(nameOf)).size).toBe(ids.length);
  const long = "é".repeat(512);
  expect(nameOf(long)).toMatch(/^h-[0-9a-f]{64}$/);
  expect(nameOf(long)).not.toBe(nameOf(`${long.slice(1)}e`));
});

test("options are checked at the door", async () => {
  expect(() => cloudinaryFaceRecords({ url: "https://example.com" })).toThrow(/CLOUDINARY_URL/);
  for (const url of ["cloudinary://k%zz:s@c", "cloudinary://k:s%zz@c"]) {
    const error = await failureOf(Promise.resolve().then(() => cloudinaryFaceRecords({ url })));
    expect(error.code).toBe("invalid-argument");
    expect(error.message).not.toContain("%zz");
  }
  expect(() => cloudinaryFaceRecords({ url: "cloudinary://k:s@c", folder: "Gym?" })).toThrow(/folder wants/);
  expect(() => cloudinaryFaceRecords({ url: "cloudinary://k:s@c", folder: "a/v1" })).toThrow(/folder wants/);
  expect(() => cloudinaryFaceRecords({ url: "cloudinary://k:s@c", deadlineMs: -1 })).toThrow(/deadlineMs/);
});
