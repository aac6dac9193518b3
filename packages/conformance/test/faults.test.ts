import {
  type FaultyServerConformanceOptions,
  faultyConnection,
  faultyServerConformance,
  faultyVectorStoreConformance,
} from "@facekit/conformance/faults";
import { createVectorStore, type FaceRecords, type VectorStore } from "@facekit/core";
import { describe, expect, test } from "vitest";
import { type ToyClientOptions, toyRecords, toyServer } from "./toy-server.js";
import { toyIndex } from "./toys.js";

/** Runs a suite over a server and gives what failed. */
async function failuresOf<T>(
  suite: (options: FaultyServerConformanceOptions<T>) => void,
  adapterOf: (records: FaceRecords) => T,
  options: ToyClientOptions = {},
): Promise<string> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  const failed: string[] = [];
  await using server = await toyServer();
  suite({
    test: (name, run) => tests.push({ name, run }),
    url: server.url,
    create: () => {
      const place = crypto.randomUUID();
      return (url) => adapterOf(toyRecords(url, place, options));
    },
  });
  for (const { name, run } of tests) await run().catch((error: unknown) => failed.push(`${name}: ${error}`));
  return failed.join("\n");
}

const failuresOfRecords = (options?: ToyClientOptions): Promise<string> =>
  failuresOf<FaceRecords>(faultyServerConformance, (records) => records, options);

const storeOf = (records: FaceRecords): VectorStore => createVectorStore({ records, index: toyIndex() });

const failuresOfStore = (
  adapterOf: (records: FaceRecords) => VectorStore,
  options?: ToyClientOptions,
): Promise<string> => failuresOf(faultyVectorStoreConformance, adapterOf, options);

test("a database behind a faulty connection passes where nothing is wrong", async () => {
  expect(await failuresOfRecords()).toBe("");
  expect(await failuresOfStore(storeOf)).toBe("");
});

describe.each([
  ["FaceRecords", failuresOfRecords],
  ["VectorStore", (options: ToyClientOptions) => failuresOfStore(storeOf, options)],
] as const)("%s", (_, failures) => {
  test.each<[NonNullable<ToyClientOptions["wrong"]>, RegExp]>([
    ["repeats conditions", /two who (write|register) on one condition/],
    ["untyped errors", /expected a FaceKitError/],
    // Chance decides whether what was lost is written again; without a connection it cannot be.
    ["acknowledges early", /(a put|an upsert) without a connection/],
  ])("a client that does wrong is caught: %s", async (wrong, failure) => {
    expect(await failures({ wrong })).toMatch(failure);
  });
});

test("a store that answers from an old state where it cannot ask is caught", async () => {
  const stale = (records: FaceRecords): VectorStore => {
    let [last, trusted] = [0, 0];
    const revision = async (): Promise<number> => {
      if (trusted-- > 0) return last;
      last = await records.revision().catch(() => {
        trusted = 8;
        return last;
      });
      return last;
    };
    return storeOf({ ...records, revision });
  };
  expect(await failuresOfStore(stale)).toContain("a search that is answered agrees");
});

test("an answer that comes late comes, though the server hangs up after it", async () => {
  await using server = await toyServer();
  const { hostname, port } = new URL(server.url);
  await using connection = await faultyConnection({ host: hostname, port: Number(port) });
  const records = toyRecords(`toy://127.0.0.1:${connection.port}/`, "place");
  await records.open({ id: "s", dimensions: 8, metric: "cosine" });
  connection.inflict({ lateMs: 30 });
  for (let i = 0; i < 10; i++) expect(await records.revision()).toBe(0);
});
