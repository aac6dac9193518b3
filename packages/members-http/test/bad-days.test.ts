import { type FaceKitErrorCode, summarisePurchases } from "@facekit/core";
import { expect, onTestFinished, test, vi } from "vitest";
import { type HttpMemberSourceOptions, httpMemberSource } from "../src/index.js";
import { type Reply, scriptedServer } from "./scripted-server.js";
import { collect, sampleApi, sampleSource } from "./support.js";

const plain = (url: string, more: Partial<HttpMemberSourceOptions> = {}): HttpMemberSourceOptions => ({
  baseUrl: url,
  member: { path: "/{id}", fields: { id: "id", name: "name", phone: "phone", createdAt: "since" } },
  list: { path: "/", fields: { id: "id" } },
  purchases: {
    path: "/{id}/lines",
    fields: { id: "id", product: "what", quantity: "count", total: "total", currency: "currency", at: "at" },
    currency: "EUR",
  },
  ...more,
});

const failing: readonly (readonly [what: string, reply: Reply, code: FaceKitErrorCode, retryable: boolean])[] = [
  ["a 500", { status: 500, body: "" }, "service-unavailable", true],
  ["a 503 of a proxy in HTML", { status: 503, body: "<h1>Bad</h1>" }, "service-unavailable", true],
  ["HTML with status 200", { body: "<!doctype html><p>Back soon" }, "service-unavailable", true],
  ["half a JSON", { body: '{"id":"ann","name":"An' }, "service-unavailable", true],
  ["no answer", {}, "service-unavailable", true],
  ["status 200 and nothing else", { body: "" }, "service-unavailable", true],
  ["a 403", { status: 403, body: {} }, "access-denied", false],
  ["a 401 without a login", { status: 401, body: {} }, "access-denied", false],
  ["a 400", { status: 400, body: {} }, "service-unavailable", false],
  ["a 404 of a web server that has no such path", { status: 404, body: "<h1>Not found" }, "service-unavailable", false],
  ["a number where a member should be", { body: "42" }, "service-unavailable", false],
  ["an array where a member should be", { body: [{ id: "ann" }] }, "service-unavailable", false],
  ["an answer that says no in its own words", { body: { success: false } }, "service-unavailable", false],
  ["a member without a usable id", { body: { id: "", name: "Ann" } }, "service-unavailable", false],
  [
    "a redirection to another host",
    { status: 302, body: "", headers: { location: "http://elsewhere.example/ann" } },
    "service-unavailable",
    false,
  ],
];

for (const [what, reply, code, retryable] of failing) {
  test(`${what}: ${code}${retryable ? ", retryable" : ""}`, async () => {
    const server = await scriptedServer(() => reply);
    const source = httpMemberSource(plain(server.url, retryable ? { deadlineMs: 300 } : {}));
    await expect(source.get("n", "ann")).rejects.toMatchObject({ code, retryable, adapter: "members-http" });
    if (!retryable) expect(server.received).toHaveLength(1);
  });
}

test("that there is no such member is said by 404, 410, 204 or null", async () => {
  for (const reply of [
    { status: 404, body: "" },
    { status: 410, body: {} },
    { status: 204, body: "" },
    { body: "null" },
  ]) {
    const server = await scriptedServer(() => reply);
    expect(await httpMemberSource(plain(server.url)).get("n", "ann")).toBeUndefined();
  }
});

test("nobody there: service-unavailable, retryable", async () => {
  const source = httpMemberSource(plain("http://127.0.0.1:1", { deadlineMs: 300 }));
  await expect(source.get("n", "ann")).rejects.toMatchObject({ code: "service-unavailable", retryable: true });
});

test("what passes is asked for again, after Retry-After", async () => {
  const replies: Reply[] = [
    { status: 500, body: "" },
    { status: 429, body: "", headers: { "retry-after": "0" } },
    { status: 503, body: "", headers: { "retry-after": new Date(0).toUTCString() } },
    { body: '{"id":"ann"' },
    { body: { id: "ann" } },
  ];
  const server = await scriptedServer((_, nth) => replies[nth - 1] ?? { status: 500, body: "" });
  const source = httpMemberSource(plain(server.url));
  expect(await source.get("n", "ann")).toEqual({ id: "ann" });
  expect(server.received).toHaveLength(5);
});

test("a Retry-After that is past the deadline is told and not waited for", async () => {
  const server = await scriptedServer(() => ({ status: 429, body: "", headers: { "retry-after": "3600" } }));
  const error: unknown = await httpMemberSource(plain(server.url))
    .get("n", "ann")
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "service-unavailable", retryable: true });
  expect(error).toHaveProperty("retryAfterMs", expect.closeTo(3_600_000, -4));
  expect(server.received).toHaveLength(1);
});

test("on the worst of days 200 callers get what is there, and the limit on requests at work holds", async () => {
  const members = Array.from({ length: 20 }, (_, i) => ({ id: `m${i}`, name: `Member ${i}` }));
  const api = await sampleApi({ members });
  const source = sampleSource(api.url, { concurrentRequests: 5, deadlineMs: 60_000 });
  api.inflict({ throttle: 0.1, retryAfterSeconds: 0, fail: 0.1, html: 0.05, half: 0.1, expire: 0.01, slowMs: 5 });
  const found = await Promise.all(Array.from({ length: 200 }, (_, i) => source.get("default", `m${i % 20}`)));
  expect(found).toEqual(Array.from({ length: 200 }, (_, i) => members[i % 20]));
  expect(api.counts.refused).toBeGreaterThan(0);
  expect(api.counts.mostAtOnce).toBeLessThanOrEqual(6);
});

test("a redirection to another host is not followed, and no header with credentials leaves", async () => {
  const elsewhere = await scriptedServer(() => ({ body: { id: "ann" } }));
  const server = await scriptedServer(({ url }) => ({
    status: 307,
    body: "",
    headers: { location: `${elsewhere.url}${url}` },
  }));
  const source = httpMemberSource(
    plain(server.url, { headers: { "X-Api-Key": "{env:KEY}" }, environment: { KEY: "k" } }),
  );
  await expect(source.get("n", "ann")).rejects.toThrow(elsewhere.url);
  expect(elsewhere.received).toEqual([]);
});

test("a redirection on the same host is followed", async () => {
  const server = await scriptedServer(({ url }) =>
    url === "/ann" ? { status: 301, body: "", headers: { location: "/moved" } } : { body: { id: "ann" } },
  );
  expect(await httpMemberSource(plain(server.url)).get("n", "ann")).toEqual({ id: "ann" });
});

test("an answer that is larger than allowed is refused, with a length and without", async () => {
  for (const headers of [{}, { "transfer-encoding": "chunked" }]) {
    const server = await scriptedServer(() => ({ body: { id: "ann", name: "x".repeat(100_000) }, headers }));
    const source = httpMemberSource(plain(server.url, { maxResponseBytes: 10_000 }));
    await expect(source.get("n", "ann")).rejects.toThrow("maxResponseBytes");
    expect(server.received).toHaveLength(1);
  }
});

test("of a member what cannot be read is left out", async () => {
  const server = await scriptedServer(() => ({
    body: {
      id: "ann",
      name: { first: "Ann" },
      phone: 4930123456789012345n.toString(),
      since: "yesterday",
      constructor: 1,
    },
  }));
  const source = httpMemberSource({ ...plain(server.url) });
  expect(await source.get("n", "ann")).toEqual({ id: "ann", phone: "4930123456789012345" });
});

test("numbers keep every digit: ids, phones and totals", async () => {
  const server = await scriptedServer(({ url }) => ({
    body:
      url === "/9007199254740993"
        ? '{"id": 9007199254740993, "name": "\\"12\\" 0.10", "phone": 49301234567890123456}'
        : `[{"id": 1e2, "what": "tea", "count": 2, "total": 123456789012345678.90, "currency": "eur", "at": 1709208000000},
            {"id": "b", "what": "tea", "count": "-1.5", "total": "-0012.50", "at": "2024-02-29 12:00:00+0100"},
            {"what": null, "total": 1.29e1}]`,
  }));
  const source = httpMemberSource(plain(server.url));
  const id = "9007199254740993";
  expect(await source.get("n", id)).toEqual({ id, name: '"12" 0.10', phone: "49301234567890123456" });
  expect(await collect(source.purchases("n", "ann"))).toEqual([
    { id: "b", product: "tea", quantity: -1.5, total: "-12.50", currency: "EUR", at: new Date("2024-02-29T11:00:00Z") },
    {
      id: "1e2",
      product: "tea",
      quantity: 2,
      total: "123456789012345678.90",
      currency: "EUR",
      at: new Date(1709208000000),
    },
    { id: "#2", product: "", quantity: 1, total: "12.9", currency: "EUR" },
  ]);
});

test("money is never guessed: what is none is handed on as it is, and the other lines are counted", async () => {
  const lines = [
    { id: "1", what: "tea", total: "1.50" },
    { id: "2", what: "tea", total: null },
    { id: "3", what: "tea", total: "12,90" },
    { id: "4", what: "tea", total: {} },
    { id: "5", what: "tea", total: 1, count: "two" },
    { id: "6", what: "tea", total: 1, count: "" },
  ];
  const server = await scriptedServer(() => ({ body: lines }));
  const source = httpMemberSource(plain(server.url));
  const read = (await collect(source.purchases("n", "ann"))).map(({ total, quantity }) => [total, quantity]);
  const none = Number.NaN;
  expect(read).toEqual([
    ["1.50", 1],
    ["", 1],
    ["12,90", 1],
    ["", 1],
    ["1", none],
    ["1", none],
  ]);
  const { totals, products, malformed } = await summarisePurchases(source.purchases("n", "ann"));
  expect(totals).toEqual([{ currency: "EUR", total: "3.50" }]);
  expect(products).toMatchObject([{ product: "tea", quantity: 4, timesBought: 4 }]);
  expect(malformed.values).toBe(5);
  expect(malformed.examples[1]).toEqual({ purchaseId: "3", field: "total", value: "12,90" });
});

test("a line without a currency is added to no other's", async () => {
  const lines = [
    { id: "1", total: "1.50" },
    { id: "2", total: "2.50", currency: " eur" },
  ];
  const server = await scriptedServer(() => ({ body: lines }));
  const fields = { id: "id", product: "what", total: "total", currency: "currency" };
  const source = httpMemberSource(plain(server.url, { purchases: { path: "/{id}/lines", fields } }));
  const { totals, malformed } = await summarisePurchases(source.purchases("n", "ann"));
  expect(totals).toEqual([{ currency: "EUR", total: "2.50" }]);
  expect(malformed.examples).toEqual([{ purchaseId: "1", field: "currency", value: "" }]);
});

test("dates of ISO 8601 are read with hyphens and without", async () => {
  const dates = ["2024-02-29", "20240229", " 20240229 ", "20241399", "2024-02-29T12:00:00+0100", 1709208000000];
  const server = await scriptedServer(() => ({ body: dates.map((at, i) => ({ id: `${i}`, total: "1", at })) }));
  const read = await collect(httpMemberSource(plain(server.url)).purchases("n", "ann"));
  const found = Object.fromEntries(read.map(({ id, at }) => [id, at?.toISOString()]));
  const midnight = "2024-02-29T00:00:00.000Z";
  const noon = "2024-02-29T12:00:00.000Z";
  expect(found).toEqual({
    0: midnight,
    1: midnight,
    2: midnight,
    3: undefined,
    4: "2024-02-29T11:00:00.000Z",
    5: noon,
  });
});

test("who is answered in place of another is not taken for that one", async () => {
  const server = await scriptedServer(() => ({ body: { id: "Ann" } }));
  expect(await httpMemberSource(plain(server.url)).get("n", "ann")).toBeUndefined();
});

test("a list whose array is missing, or with a member who has no id, is an error and no shorter list", async () => {
  for (const body of [{ data: [] }, [{ id: "a" }, { name: "nobody" }], [{ id: "a" }, { id: "" }]]) {
    const server = await scriptedServer(() => ({ body }));
    await expect(collect(httpMemberSource(plain(server.url)).list("n"))).rejects.toMatchObject({
      code: "service-unavailable",
    });
  }
});

test("ids that cannot be part of an address are refused, and hostile ones stay where they are", async () => {
  const server = await scriptedServer(() => ({ status: 404, body: "" }));
  const source = httpMemberSource(plain(server.url));
  for (const id of [".", ".."]) await expect(source.get("n", id)).rejects.toMatchObject({ code: "invalid-argument" });
  for (const id of ["../admin", "a?b=c", "a#b", "%2e%2e", "{id}"]) expect(await source.get("n", id)).toBeUndefined();
  expect(server.received.map(({ url }) => url)).toEqual([
    "/..%2Fadmin",
    "/a%3Fb%3Dc",
    "/a%23b",
    "/%252e%252e",
    "/%7Bid%7D",
  ]);
});

test("a POST whose answer is lost is not sent again, and says that it is not known whether it was done", async () => {
  const server = await scriptedServer(() => ({ status: 502, body: "" }));
  const source = httpMemberSource(plain(server.url, { addPurchase: { path: "/{id}/lines", method: "POST" } }));
  const purchase = { id: "1", product: "tea", quantity: 1, total: "1.00", currency: "EUR" };
  await expect(source.addPurchase("n", "ann", purchase)).rejects.toMatchObject({
    code: "service-unavailable",
    retryable: false,
    message: expect.stringContaining("not known whether it was done"),
  });
  expect(server.received).toHaveLength(1);
  expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({
    id: "1",
    what: "tea",
    count: 1,
    total: "1.00",
    currency: "EUR",
  });
});

test("a put by POST, too: sent twice it might make two members", async () => {
  const server = await scriptedServer(() => ({ status: 502, body: "" }));
  const remove = { path: "/{id}/delete", method: "POST" };
  const source = httpMemberSource(plain(server.url, { put: { path: "/", method: "POST" }, delete: remove }));
  await expect(source.put("n", { id: "ann" })).rejects.toMatchObject({ code: "service-unavailable", retryable: false });
  expect(server.received).toHaveLength(1);
});

test("a merge sends what is given and nothing else, and puts who is not there", async () => {
  const server = await scriptedServer(({ method }) => ({ status: method === "PATCH" ? 404 : 200, body: "" }));
  const path = "/{id}";
  const writes = { put: { path }, delete: { path }, merge: { path, at: "customer" } };
  const source = httpMemberSource(plain(server.url, writes));
  await source.merge?.("n", { id: "ann", name: "Ann" });
  const record = { id: "ann", name: "Ann" };
  expect(server.received.map(({ method, body }) => [method, JSON.parse(body)])).toEqual([
    ["PATCH", { customer: record }],
    ["PUT", record],
  ]);
  expect(httpMemberSource(plain(server.url)).merge).toBeUndefined();
});

test("a merge and the put that follows it have one deadline together", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const path = "/{id}";
  const sent: string[] = [];
  const source = httpMemberSource(
    plain("http://127.0.0.1:1", {
      put: { path },
      delete: { path },
      merge: { path },
      deadlineMs: 1_000,
      fetch: async (_, { method = "" } = {}) => {
        sent.push(method);
        await new Promise((resolve) => setTimeout(resolve, 800));
        return new Response(null, { status: method === "PATCH" ? 404 : 204 });
      },
    }),
  );
  const merged = source.merge?.("n", { id: "ann" }).catch((error: unknown) => error);
  // Were each given its own, both would be answered.
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual(["PATCH", "PUT"]);
  expect(await merged).toMatchObject({ code: "service-unavailable", retryable: true });
});

test("values that the API refuses are the caller's mistake", async () => {
  const server = await scriptedServer(() => ({ status: 422, body: { error: "no such e-mail" } }));
  const source = httpMemberSource(plain(server.url, { put: { path: "/{id}" }, delete: { path: "/{id}" } }));
  await expect(source.put("n", { id: "ann" })).rejects.toMatchObject({ code: "invalid-argument" });
});

test("after it was disposed it is closed", async () => {
  const source = httpMemberSource(plain("http://127.0.0.1:1"));
  await source[Symbol.asyncDispose]();
  await expect(source.get("n", "ann")).rejects.toMatchObject({ code: "closed" });
});

test("configurations that name no API are refused with the name of the option", () => {
  const good = plain("http://localhost");
  const bad: readonly (readonly [object, string])[] = [
    [{ baseUrl: "ftp://localhost" }, "baseUrl"],
    [{ baseUrl: "http://user:secret@localhost" }, "baseUrl"],
    [{ member: { path: "id", fields: { id: "id" } } }, "member.path"],
    [{ member: { path: "/{name}", fields: { id: "id" } } }, "{name}"],
    [{ member: { path: "/", fields: { name: "name" } } }, "member.fields.id"],
    [{ member: { path: "/", fields: { id: "a..b" } } }, "member.fields.id"],
    [{ member: { path: "/", fields: { id: "__proto__.x" } } }, "member.fields.id"],
    [{ members: {} }, "members"],
    [{ put: { path: "/{id}" } }, "put and delete"],
    [{ merge: { path: "/{id}" } }, "put"],
    [{ list: { path: "/", paging: { kind: "pages" } } }, "list.paging.kind"],
    [{ list: { path: "/", paging: { kind: "page", parameter: "page", size: 10 } } }, "list.paging.size"],
    [{ purchases: { path: "/", fields: { id: "id", product: "p", total: "t" } } }, "currency"],
    [{ headers: { "X Y": "z" } }, "headers"],
    [{ headers: { Key: "{env:KEY}" }, environment: { KEY: "a\nb" } }, "headers.Key"],
    [{ timeoutMs: -1 }, "timeoutMs"],
    [{ dates: "unix" }, "dates"],
  ];
  for (const [change, named] of bad) {
    const text = expect.stringContaining(named);
    expect(() => httpMemberSource({ ...good, ...change })).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: text }),
    );
  }
});
