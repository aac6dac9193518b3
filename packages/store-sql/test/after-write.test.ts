import { randomBytes } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";
import { expect, onTestFinished, test } from "vitest";
import { postgresConnection, postgresFaceRecords, recordMigrations, type Tables } from "../src/postgres.js";

const space = { id: "after-write", dimensions: 4, metric: "cosine" } as const;

test("what an adapter makes of templates is written with them or not at all", async () => {
  const pglite = await PGlite.create();
  onTestFinished(() => pglite.close());
  const schema = `facekit_${randomBytes(4).toString("hex")}`;
  const connection = postgresConnection<Tables>("test-adapter", { pglite, schema }, recordMigrations);
  const seen: number[] = [];
  let failure: Error | undefined;
  const records = postgresFaceRecords(connection, async (db) => {
    seen.push((await db.selectFrom("templates").select("id").execute()).length);
    if (failure !== undefined) throw failure;
  });
  onTestFinished(() => records[Symbol.asyncDispose]());
  await records.open(space);
  const record = (id: string) => ({ id, memberId: "ann", vector: Float32Array.of(1, 0, 0, 0), createdAt: new Date(0) });

  await records.put("n", [record("1"), record("2")]);
  failure = new Error("no");
  await expect(records.put("n", [record("3")])).rejects.toBe(failure);
  await expect(records.delete("n", { memberId: "ann" })).rejects.toBe(failure);
  failure = undefined;
  await records.delete("n", { ids: ["1"] });
  await records.deleteNamespace("n");
  expect(seen).toEqual([2, 3, 0, 1, 0]);
  expect(await records.revision()).toBe(3);
});
