import { vectorSearchServer } from "@facekit/conformance/vector-search-server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { mongodbStore, mongodbVectorStore } from "../src/index.js";
import { collect, heldClient, recordOf, space, temporaryDatabase, uri, vectorOf, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 20_000 });

describe.skipIf(uri === undefined)(`A server that does not answer (${whereFrom})`, () => {
  test("keeps nobody who aborts", async () => {
    const { client, holdAt, release } = await heldClient(uri ?? "");
    const store = mongodbStore({ client, database: temporaryDatabase(uri ?? ""), timeoutMs: 3_600_000 });
    onTestFinished(() => store[Symbol.asyncDispose]());
    await store.faceRecords.open(space);
    const calls = [
      (signal: AbortSignal) => store.faceRecords.put("gym", [recordOf("1", "anna")], { signal }),
      (signal: AbortSignal) => store.faceRecords.revision({ signal }),
      (signal: AbortSignal) => store.members.get("gym", "anna", { signal }),
      (signal: AbortSignal) => collect(store.visits.query("gym", {}, { signal })),
    ];
    for (const call of calls) {
      const controller = new AbortController();
      const reason = new Error("no longer wanted");
      const held = holdAt(() => true);
      const called = expect(call(controller.signal)).rejects.toBe(reason);
      await held;
      controller.abort(reason);
      await called;
      release();
    }
  });

  test("to a search keeps it no longer than timeoutMs, and searches go on after that", async () => {
    const { hostname, port } = new URL(uri ?? "");
    const server = await vectorSearchServer({ upstream: { host: hostname, port: Number(port) } });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const { client, holdAt, release } = await heldClient(server.url);
    const store = mongodbVectorStore({ client, database: temporaryDatabase(server.url), timeoutMs: 2000 });
    onTestFinished(() => store[Symbol.asyncDispose]());
    await store.open(space);
    await store.upsert("gym", [recordOf("1", "anna", 1)]);
    const held = holdAt(
      (name, { pipeline }) => name === "aggregate" && JSON.stringify(pipeline).includes("queryVector"),
    );
    const search = (): ReturnType<typeof store.search> => store.search("gym", [vectorOf(1)], { k: 1 });
    const searched = expect(search()).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
    await held;
    await searched;
    release();
    expect((await search()).matches[0]?.[0]?.memberId).toBe("anna");
  });
});
