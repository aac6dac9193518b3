import { randomUUID } from "node:crypto";
import { DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { createFlows, type MemberSource, type Purchase, reconcile } from "@facekit/core";
import { afterAll, expect, test, vi } from "vitest";
import { toyFaces } from "../../conformance/test/toy-flows.js";
import { toyFile, toyPicture } from "../../conformance/test/toys.js";
import { codeUnits } from "../src/code-units.js";
import { dynamodbMembers } from "../src/index.js";
import { type Meddle, type MeddlingProxy, meddlingProxy, type Reply } from "./meddling-proxy.js";
import { collect, localDynamodb } from "./support.js";

vi.setConfig({ testTimeout: 120_000 });

const server = await localDynamodb();
const { close, ...place } = server;
const client = new DynamoDBClient(place);
afterAll(async () => {
  client.destroy();
  await close();
});

const tableName = (): string => `members-${randomUUID()}`;

interface Places {
  readonly table: string;
  readonly sound: MemberSource;
  /** The same through a proxy. */
  readonly meddled: MemberSource;
  /** The same, with little time. */
  readonly hasty: MemberSource;
  readonly proxy: MeddlingProxy;
}

/** Members in a table of their own. */
async function places(meddle: Meddle): Promise<Places> {
  const table = tableName();
  const proxy = await meddlingProxy(place.endpoint, meddle);
  const sound = dynamodbMembers({ ...place, table, createTable: true });
  await sound.put("n", { id: "ann", name: "Ann" });
  const through = { ...place, endpoint: proxy.endpoint, table };
  return {
    table,
    sound,
    meddled: dynamodbMembers(through),
    hasty: dynamodbMembers({ ...through, timeoutMs: 600 }),
    proxy,
  };
}

const failure = (status: number, type: string): Reply => ({
  status,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: "no" }),
});

const purchase = (i: number): Purchase => ({
  id: `${i}`,
  product: "tea",
  quantity: 1,
  total: "1.00",
  currency: "EUR",
  at: new Date(i * 1000),
});

async function itemsOf(table: string): Promise<number> {
  return (await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }))).Count ?? 0;
}

test("a deletion that is broken off after any of its calls leaves nobody who is told, and the next call ends it", async () => {
  for (const next of ["delete", "put"] as const) {
    for (let calls = 0; ; calls++) {
      expect(calls).toBeLessThan(20);
      let left = calls;
      const { table, sound, meddled } = await places((_, forward) =>
        left-- > 0 ? forward() : failure(400, "AccessDeniedException"),
      );
      for (let i = 0; i < 30; i++) await sound.addPurchase("n", "ann", purchase(i));
      await sound.linkFaces?.("n", "ann", ["face"], { mode: "add" });
      const broken = await meddled.delete("n", "ann").then(
        () => false,
        () => true,
      );
      if (calls > 0) {
        expect(await sound.get("n", "ann")).toBeUndefined();
        expect(await collect(sound.list("n"))).toEqual([]);
        expect(await collect(sound.purchases("n", "ann"))).toEqual([]);
        await expect(sound.linkFaces?.("n", "ann", ["x"], { mode: "set" })).rejects.toMatchObject({
          code: "unknown-member",
        });
      }
      if (next === "put") {
        await sound.put("n", { id: "ann" });
        // Where nothing had been done, she is as she was.
        if (calls > 0) expect(await sound.get("n", "ann")).toEqual({ id: "ann" });
        if (calls > 0) expect(await itemsOf(table)).toBe(1);
        expect(await collect(sound.purchases("n", "ann"))).toHaveLength(calls > 0 ? 0 : 30);
      } else {
        expect(await sound.delete("n", "ann")).toBe(broken);
        expect(await itemsOf(table)).toBe(0);
      }
      if (!broken) {
        expect(calls).toBeGreaterThan(3);
        break;
      }
    }
  }
});

test("an erasure that is broken off inside the deletion of the member is ended by reconcile", async () => {
  for (let calls = 0; ; calls++) {
    expect(calls).toBeLessThan(20);
    let left = calls;
    const { table, sound, meddled } = await places((_, forward) =>
      left-- > 0 ? forward() : failure(400, "AccessDeniedException"),
    );
    const index = toyFaces();
    const flows = { index, namespace: "n", threshold: 0.98, minFaceSize: 1 };
    const kit = createFlows({ ...flows, members: sound });
    await kit.register("ann", toyFile(toyPicture([220, 60, 60])));
    await kit.register("bob", toyFile(toyPicture([60, 220, 60])));
    for (let i = 0; i < 30; i++) await sound.addPurchase("n", "ann", purchase(i));
    const broken = await createFlows({ ...flows, members: meddled })
      .forget("ann")
      .then(
        () => false,
        () => true,
      );
    const repaired = await collect(reconcile({ namespace: "n", index, members: sound, apply: true, graceMs: 0 }));
    // Where nothing had been done, all agree.
    expect(repaired.map(({ kind, outcome }) => [kind, outcome])).toEqual(
      broken && calls > 0 ? [["orphaned-faces", "repaired"]] : [],
    );
    expect(await itemsOf(table)).toBe(calls > 0 ? 1 : 32);
    expect((await collect(index.members("n"))).map(({ memberId }) => memberId)).toEqual(
      calls > 0 ? ["bob"] : ["ann", "bob"],
    );
    if (!broken) break;
  }
});

// As it may answer where the table was named by its ARN.
const nameAgain = ["the same name", "another name"];

test.each(nameAgain)("what DynamoDB leaves of a batch, under %s of the table, is deleted after all", async (named) => {
  let refused = 0;
  const { table, sound, meddled } = await places(async ({ operation, body }, forward) => {
    if (operation !== "BatchWriteItem") return forward();
    const { RequestItems } = JSON.parse(body.toString());
    const [name = ""] = Object.keys(RequestItems);
    const requests: readonly unknown[] = RequestItems[name];
    // Half of it is done at a time.
    const done = requests.slice(0, Math.ceil(requests.length / 2));
    const left = requests.slice(done.length);
    refused += left.length;
    await forward(JSON.stringify({ RequestItems: { [name]: done } }));
    const UnprocessedItems = left.length > 0 ? { [named === "another name" ? "facekit" : name]: left } : {};
    return {
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.0" },
      body: JSON.stringify({ UnprocessedItems }),
    };
  });
  for (let i = 0; i < 60; i++) await sound.addPurchase("n", "ann", purchase(i));
  await meddled.delete("n", "ann");
  expect(refused).toBeGreaterThan(0);
  expect(await itemsOf(table)).toBe(0);
});

const lasting: readonly (readonly [string, Reply, object])[] = [
  ["throttling", failure(400, "ThrottlingException"), { code: "service-unavailable", retryable: true }],
  [
    "a used-up throughput",
    failure(400, "ProvisionedThroughputExceededException"),
    { code: "service-unavailable", retryable: true },
  ],
  ["an expired token", failure(400, "ExpiredTokenException"), { code: "access-denied", retryable: false }],
  ["a policy that does not allow it", failure(400, "AccessDeniedException"), { code: "access-denied" }],
  ["a 500", failure(500, "InternalServerError"), { code: "service-unavailable", retryable: true }],
  ["half a JSON", { status: 200, body: '{"Item":{"na' }, { code: "service-unavailable", retryable: true }],
  ["a proxy's page", { status: 502, body: "<html>Bad gateway" }, { code: "service-unavailable", retryable: true }],
];

for (const [what, reply, error] of lasting) {
  test(`${what}: a typed error if it lasts, and nothing if it passes and may be tried again`, async () => {
    let bad = Number.POSITIVE_INFINITY;
    const { meddled, hasty } = await places((_, forward) => (bad-- > 0 ? reply : forward()));
    const passes = "retryable" in error && error.retryable === true;
    const source = passes ? hasty : meddled;
    await expect(source.get("n", "ann")).rejects.toMatchObject({ ...error, adapter: "members-dynamodb" });
    if (!passes) return;
    bad = 2;
    expect(await meddled.get("n", "ann")).toEqual({ id: "ann", name: "Ann" });
  });
}

test("a table that is not there is told by its name, and not made unasked", async () => {
  const source = dynamodbMembers({ ...place, table: "no-such-table" });
  await expect(source.get("n", "ann")).rejects.toMatchObject({
    code: "namespace-not-found",
    message: expect.stringContaining("no-such-table"),
  });
});

test("two processes that make the table at once both use it", async () => {
  const table = tableName();
  const sources = [1, 2, 3].map(() => dynamodbMembers({ ...place, table, createTable: true }));
  await Promise.all(sources.map((source, i) => source.put("n", { id: `m${i}` })));
  expect(await collect(dynamodbMembers({ ...place, table }).list("n"))).toHaveLength(3);
});

test("a list of several pages is in the order of code units, and holds a page at a time", async () => {
  const { meddled, sound, proxy } = await places((_, forward) => forward());
  const ids = Array.from({ length: 600 }, (_, i) => `${["a", "ä", "\u{1f600}", "\uff5e"][i % 4]}${i}`);
  const lane = async (start: number): Promise<void> => {
    for (let i = start; i < ids.length; i += 8) await sound.put("big", { id: ids[i] ?? "", name: "x".repeat(4_000) });
  };
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(lane));
  const listed: string[] = [];
  for await (const { id } of meddled.list("big")) {
    listed.push(id);
    // Nothing is read ahead.
    if (listed.length === 1) expect(proxy.passed).toHaveLength(1);
  }
  expect(listed).toEqual([...ids].sort());
  expect(proxy.passed.length).toBeGreaterThan(2);
});

test("a put and faces that are noted at once both stay", async () => {
  const { sound } = await places((_, forward) => forward());
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => [
      sound.put("n", { id: "ann", name: `Ann ${i}` }),
      sound.linkFaces?.("n", "ann", [`face ${i}`], { mode: "add" }),
    ]).flat(),
  );
  expect((await sound.get("n", "ann"))?.faceIds).toHaveLength(20);
});

test("a merge that meets a deletion that broke off ends it, and the member begins anew", async () => {
  let left = 1;
  const { sound, meddled } = await places((_, forward) =>
    left-- > 0 ? forward() : failure(400, "AccessDeniedException"),
  );
  await sound.addPurchase("n", "ann", purchase(1));
  await expect(meddled.delete("n", "ann")).rejects.toMatchObject({ code: "access-denied" });
  await sound.merge?.("n", { id: "ann", email: "ann@example.org" });
  expect(await sound.get("n", "ann")).toEqual({ id: "ann", email: "ann@example.org" });
  expect(await collect(sound.purchases("n", "ann"))).toEqual([]);
});

test("items that Facekit did not write are told as damage", async () => {
  const { table, sound } = await places((_, forward) => forward());
  const Item = { pk: { S: "members/n" }, sk: { B: codeUnits("bob") } };
  await client.send(new PutItemCommand({ TableName: table, Item }));
  expect(await sound.get("n", "bob")).toEqual({ id: "bob" });
  await expect(collect(sound.purchases("n", "bob"))).rejects.toMatchObject({ code: "store-corrupt" });
});

test("options that are none are refused with their name", () => {
  for (const options of [
    { table: "a" },
    { table: "with space" },
    { createTable: 1 },
    { tabel: "x" },
    { timeoutMs: 0 },
  ]) {
    expect(() => dynamodbMembers(options as object)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
});
