import { expect, test } from "vitest";
import { type HttpMemberSourceOptions, httpMemberSource, type PagingOptions } from "../src/index.js";
import { type ScriptedServer, scriptedServer } from "./scripted-server.js";
import { collect, sampleApi, sampleSource } from "./support.js";

const ids = Array.from({ length: 25 }, (_, i) => `m${String(i).padStart(2, "0")}`);

/** An API of 25 members that gives at most 10 a page, whatever is asked for, in each way of paging. */
async function pagedApi(order: readonly string[] = ids): Promise<ScriptedServer> {
  return scriptedServer(({ url }) => {
    const { searchParams } = new URL(url, "http://localhost");
    const page = Number(searchParams.get("page") ?? 1);
    const start = Number(searchParams.get("cursor") ?? searchParams.get("offset") ?? (page - 1) * 10);
    const items = order.slice(start, start + 10).map((id) => ({ id }));
    const next = start + 10 < order.length ? start + 10 : null;
    const link = next === null ? "" : `</?cursor=0>; rel="first", <?cursor=${next}>; title="a, b"; rel="next"`;
    const body = { items, total: order.length, next, url: next === null ? "" : `/?cursor=${next}` };
    return { body, headers: { link } };
  });
}

const options = (
  url: string,
  paging: PagingOptions | undefined,
  order: "code-unit" | "any",
): HttpMemberSourceOptions => ({
  baseUrl: url,
  member: { path: "/{id}", fields: { id: "id" } },
  list: { path: "/", at: "items", order, ...(paging && { paging }) },
});

const ways: readonly (readonly [name: string, paging: PagingOptions, requests: number])[] = [
  ["pages by number", { kind: "page", parameter: "page" }, 4],
  ["pages by number, with a total", { kind: "page", parameter: "page", total: "total" }, 3],
  [
    "an offset, and an API that gives less than was asked for",
    { kind: "offset", parameter: "offset", sizeParameter: "limit", size: 100 },
    4,
  ],
  ["an offset, with a total", { kind: "offset", parameter: "offset", total: "total" }, 3],
  ["a cursor", { kind: "cursor", parameter: "cursor", next: "next" }, 3],
  ["a link in the answer", { kind: "link", next: "url" }, 3],
  ["a link in the header", { kind: "link" }, 3],
];

for (const [name, paging, requests] of ways) {
  test(`${name}: all are listed, each once`, async () => {
    for (const order of ["code-unit", "any"] as const) {
      const api = await pagedApi();
      const found = await collect(httpMemberSource(options(api.url, paging, order)).list("n"));
      expect(found.map(({ id }) => id)).toEqual(ids);
      expect(api.received).toHaveLength(requests);
    }
  });
}

test("an order of the API's own is sorted, or refused where it was said to be another", async () => {
  const order = [...ids].reverse();
  const paging = { kind: "cursor", parameter: "cursor", next: "next" } as const;
  const api = await pagedApi(order);
  const found = await collect(httpMemberSource(options(api.url, paging, "any")).list("n"));
  expect(found.map(({ id }) => id)).toEqual(ids);
  await expect(collect(httpMemberSource(options(api.url, paging, "code-unit")).list("n"))).rejects.toMatchObject({
    code: "service-unavailable",
    message: expect.stringContaining("list.order"),
  });
  const few = httpMemberSource({ ...options(api.url, paging, "any"), sortAtMost: 24 });
  await expect(collect(few.list("n"))).rejects.toMatchObject({ code: "not-supported" });
});

test("a list that has no end is ended: the same page, the same cursor, a page that is its own next", async () => {
  const api = await scriptedServer(() => ({ body: { items: [{ id: "a" }, { id: "b" }], next: "x", url: "?" } }));
  const endless: readonly PagingOptions[] = [
    { kind: "page", parameter: "seite" },
    { kind: "offset", parameter: "skip" },
    { kind: "cursor", parameter: "cursor", next: "next" },
    { kind: "link", next: "url" },
  ];
  for (const paging of endless) {
    await expect(collect(httpMemberSource(options(api.url, paging, "any")).list("n"))).rejects.toMatchObject({
      code: "service-unavailable",
      retryable: false,
    });
  }
});

test("a list that goes round in a circle is ended: of cursors, links, and pages that begin anew", async () => {
  const circle = ["a", "b", "c", "d", "e"];
  const api = await scriptedServer(({ url }) => {
    const { searchParams } = new URL(url, "http://localhost");
    const at = Number(searchParams.get("cursor") ?? searchParams.get("page") ?? 0) % circle.length;
    // From the last back to the third.
    const next = at + 1 < circle.length ? at + 1 : 2;
    return { body: { items: [{ id: circle[at] }], next, url: `?cursor=${next}` } };
  });
  const circular: readonly PagingOptions[] = [
    { kind: "page", parameter: "page", first: 0 },
    { kind: "cursor", parameter: "cursor", next: "next" },
    { kind: "link", next: "url" },
  ];
  for (const paging of circular) {
    const before = api.received.length;
    await expect(collect(httpMemberSource(options(api.url, paging, "any")).list("n"))).rejects.toMatchObject({
      code: "service-unavailable",
      retryable: false,
    });
    expect(api.received.length - before).toBeLessThan(20);
  }
});

test("a total that is none, or less than what came, does not end a list", async () => {
  for (const total of ["", " ", null, 0, -1, true, {}]) {
    const api = await scriptedServer(({ url }) => {
      const start = Number(new URL(url, "http://localhost").searchParams.get("offset"));
      return { body: { items: ids.slice(start, start + 10).map((id) => ({ id })), total } };
    });
    const paging = { kind: "offset", parameter: "offset", total: "total" } as const;
    const found = await collect(httpMemberSource(options(api.url, paging, "any")).list("n"));
    expect([total, found.length]).toEqual([total, ids.length]);
  }
});

test("a next link to another host is not followed", async () => {
  const elsewhere = await scriptedServer(() => ({ body: { items: [] } }));
  const api = await scriptedServer(() => ({ body: { items: [{ id: "a" }], next: `${elsewhere.url}/2` } }));
  const source = httpMemberSource(options(api.url, { kind: "link", next: "next" }, "any"));
  await expect(collect(source.list("n"))).rejects.toThrow(elsewhere.url);
  expect(elsewhere.received).toEqual([]);
});

test("members who join while they are listed by offset are not listed twice", async () => {
  const api = await scriptedServer(({ url }) => {
    const offset = Number(new URL(url, "http://localhost").searchParams.get("offset"));
    // "a0" came between the first page and the second.
    const now = offset === 0 ? ["a", "b", "c"] : ["a", "a0", "b", "c", "d"];
    return { body: { items: now.slice(offset, offset + 3).map((id) => ({ id })) } };
  });
  const source = httpMemberSource(options(api.url, { kind: "offset", parameter: "offset" }, "code-unit"));
  expect((await collect(source.list("n"))).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
});

test("pages on a bad day: each is asked for again, and no member is missing", async () => {
  const members = Array.from({ length: 250 }, (_, i) => ({ id: `m${String(i).padStart(3, "0")}` }));
  const api = await sampleApi({ members, mostPerPage: 10 });
  api.inflict({ fail: 0.1, half: 0.1, throttle: 0.05, retryAfterSeconds: 0, expire: 0.02 });
  expect(await collect(sampleSource(api.url).list("default"))).toEqual(members);
});

test("purchases of an API that tells the latest first come oldest first", async () => {
  const lines = ["2024-03-01", "2024-02-01", "", "2024-01-01"].map((at, i) => ({ id: `${i}`, at, total: 1 }));
  const api = await scriptedServer(() => ({ body: lines }));
  const purchases = { path: "/{id}", fields: { id: "id", product: "p", total: "total", at: "at" }, currency: "EUR" };
  const source = httpMemberSource({ ...options(api.url, undefined, "any"), purchases });
  expect((await collect(source.purchases("n", "ann"))).map(({ id }) => id)).toEqual(["3", "1", "0", "2"]);
  const declared = httpMemberSource({
    ...options(api.url, undefined, "any"),
    purchases: { ...purchases, order: "oldest-first" },
  });
  await expect(collect(declared.purchases("n", "ann"))).rejects.toThrow("purchases.order");
});

test("purchases whose list breaks off with a 404 are not taken for all of them, and none at all are none", async () => {
  for (const status of [404, 410]) {
    const api = await scriptedServer(({ url }) =>
      url === "/ann?page=1" ? { body: [{ id: "1", p: "tea", total: 1 }] } : { status, body: "" },
    );
    const purchases = {
      path: "/{id}",
      fields: { id: "id", product: "p", total: "total" },
      currency: "EUR",
      paging: { kind: "page", parameter: "page" },
    } as const;
    const source = httpMemberSource({ ...options(api.url, undefined, "any"), purchases });
    await expect(collect(source.purchases("n", "ann"))).rejects.toMatchObject({ code: "service-unavailable" });
    expect(await collect(source.purchases("n", "bo"))).toEqual([]);
  }
});

test("lines without ids that look alike are all told: by cursor and link always, by number where pages differ", async () => {
  const line = { p: "tea", total: 1 };
  const fields = { id: "id", product: "p", total: "total" };
  const read = async (url: string, paging: PagingOptions) =>
    collect(
      httpMemberSource({
        ...options(url, undefined, "any"),
        purchases: { path: "/{id}", at: "lines", fields, currency: "EUR", paging },
      }).purchases("n", "ann"),
    );
  const alike = await scriptedServer(({ url }) => {
    const next = Number(new URL(url, "http://localhost").searchParams.get("cursor") ?? 0) + 1;
    return { body: { lines: [line, line], ...(next < 5 && { next, link: `?cursor=${next}` }) } };
  });
  expect(await read(alike.url, { kind: "cursor", parameter: "cursor", next: "next" })).toHaveLength(10);
  expect(await read(alike.url, { kind: "link", next: "link" })).toHaveLength(10);
  await expect(read(alike.url, { kind: "page", parameter: "page" })).rejects.toThrow(/an id each/);
  // First and last of each page look alike, what lies between does not.
  const between = await scriptedServer(({ url }) => {
    const page = Number(new URL(url, "http://localhost").searchParams.get("page"));
    return { body: { lines: page < 6 ? [line, { p: `cup ${page}`, total: 2 }, line] : [] } };
  });
  expect(await read(between.url, { kind: "page", parameter: "page" })).toHaveLength(15);
});
