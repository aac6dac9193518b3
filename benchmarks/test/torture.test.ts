import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { backends, type OpenedBackend, placeAt } from "../store/backends.js";
import { damage } from "../torture/damage.js";
import { kill } from "../torture/kill.js";
import { namespace, type Operation, space, templatesOf } from "../torture/members.js";
import { manyNamespaces } from "../torture/namespaces.js";
import { reconcileMany } from "../torture/reconcile.js";
import { Truth } from "../torture/truth.js";

const { memory, sqlite } = backends;
if (memory === undefined || sqlite === undefined) throw new Error("these backends are always there");

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "facekit-torture-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function openMemory(): Promise<OpenedBackend> {
  const opened = await memory?.open(placeAt("nowhere"));
  if (opened === undefined) throw new Error("no memory");
  await opened.store.open(space);
  onTestFinished(async () => opened[Symbol.asyncDispose]());
  return opened;
}

const put = (memberId: string, version = 1): Operation => ({ kind: "put", members: [[memberId, version]] });
const all = (...ids: string[]): Set<string> => new Set(ids);

test("of what was acknowledged, what is not there counts as lost and what is there in part as half", async () => {
  const opened = await openMemory();
  const truth = new Truth();
  for (const id of ["ann", "bob", "cho", "dee"]) truth.acknowledge(put(id));
  truth.acknowledge(put("bob", 2));
  truth.acknowledge({ kind: "delete", members: [["dee", 1]] });
  await opened.store.upsert(namespace, [
    ...templatesOf("bob", 1),
    ...templatesOf("cho", 1).slice(1),
    ...templatesOf("dee", 1),
  ]);
  await truth.check(opened, [], all("ann", "bob", "cho", "dee"));
  expect(truth).toMatchObject({ acknowledged: 6, lost: 3, half: 1 });
  expect(truth.faults.join("\n")).toMatch(/ann should be there in version 1, not at all/);
  expect(truth.faults.join("\n")).toMatch(/bob should be there in version 2, not 1/);
  expect(truth.faults.join("\n")).toMatch(/dee was erased and is there/);
});

test("a write that was cut off may be there or not, but whole, and is the truth from then on", async () => {
  const opened = await openMemory();
  const truth = new Truth();
  await opened.store.upsert(namespace, [...templatesOf("ann", 1), ...templatesOf("cho", 1)]);
  const both: Operation = {
    kind: "put",
    members: [
      ["cho", 1],
      ["dee", 1],
    ],
  };
  await truth.check(opened, [put("ann"), put("bob")], all());
  expect([...truth.members]).toEqual([["ann", 1]]);
  expect(truth.faults).toEqual(["disagreeing: cho is there and was never acknowledged"]);
  await truth.check(opened, [both], all());
  expect(truth.half).toBe(1);
});

test("a process that is killed over and over loses nothing on SQLite", async () => {
  const folder = await temporaryFolder();
  const result = await kill({ name: "sqlite", backend: sqlite, folder, times: 6, onKill: () => undefined });
  expect(result).toMatchObject({ kills: 6, lost: 0, half: 0, disagreeing: 0 });
});

test("many namespaces are there after the store is opened again", async () => {
  const result = await manyNamespaces("sqlite", sqlite, await temporaryFolder(), 40);
  expect(result).toMatchObject({ namespaces: 40, lost: 0, faults: [] });
});

test("a damaged store is read in a process of its own", async () => {
  const result = await damage("sqlite", 10);
  expect(result.damages).toBeGreaterThan(15);
  expect(result.right + result.refused + result.wrong + result.crashes).toBe(result.damages);
  expect(result.refused).toBeGreaterThan(0);
});

test("what is put between members that agree is found and repaired, and nothing else", async () => {
  const result = await reconcileMany(await temporaryFolder(), 2500);
  expect(result).toMatchObject({ injected: 18, found: 18, left: 0, faults: [] });
});
