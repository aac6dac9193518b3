import { isFaceKitError } from "@facekit/core";
import { expect, onTestFinished, test, vi } from "vitest";
import { httpMemberSource } from "../src/index.js";
import { scriptedServer } from "./scripted-server.js";
import { sampleApi, sampleSource } from "./support.js";

const ann = { id: "ann", name: "Ann" };

test("50 callers at once share one login", async () => {
  const api = await sampleApi({ members: [ann] });
  const source = sampleSource(api.url);
  const found = await Promise.all(Array.from({ length: 50 }, () => source.get("default", "ann")));
  expect(found).toEqual(Array(50).fill(ann));
  expect(api.counts.logins).toBe(1);
});

test("50 callers whose token expired share one new login, and none of them fails", async () => {
  const api = await sampleApi({ members: [ann] });
  const source = sampleSource(api.url);
  await source.get("default", "ann");
  api.expireTokens();
  const found = await Promise.all(Array.from({ length: 50 }, () => source.get("default", "ann")));
  expect(found).toEqual(Array(50).fill(ann));
  expect(api.counts.logins).toBe(2);
});

test("tokens that expire under load, again and again, are renewed and nobody is refused", async () => {
  const api = await sampleApi({ members: [ann] });
  const source = sampleSource(api.url, { concurrentRequests: 4, deadlineMs: 60_000 });
  api.inflict({ expire: 0.005, slowMs: 3 });
  const found = await Promise.all(Array.from({ length: 800 }, () => source.get("default", "ann")));
  expect(found).toEqual(Array(800).fill(ann));
  // As often as a token expired, and once at first.
  expect(api.counts.logins).toBeGreaterThan(1);
  expect(api.counts.logins).toBeLessThan(20);
});

test("a fresh token that is not taken is access-denied, after one more login", async () => {
  const server = await scriptedServer(({ url }) =>
    url === "/v1/login" ? { body: { data: { token: "t" } } } : { status: 401, body: "<p>no</p>" },
  );
  const source = sampleSource(server.url);
  await expect(source.get("n", "ann")).rejects.toMatchObject({ code: "access-denied", adapter: "members-http" });
  expect(server.received.map(({ url }) => url)).toEqual([
    "/v1/login",
    "/v1/n/customers/ann",
    "/v1/login",
    "/v1/n/customers/ann",
  ]);
});

test("wrong credentials are access-denied, are not tried again and again, and work when they are mended", async () => {
  const api = await sampleApi({ members: [ann] });
  const environment: Record<string, string> = { MEMBERS_API_USER: "desk", MEMBERS_API_PASSWORD: "old one" };
  const source = sampleSource(api.url, { environment });
  const calls = Array.from({ length: 20 }, () => source.get("default", "ann"));
  for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
  await expect(source.get("default", "ann")).rejects.toMatchObject({ code: "access-denied" });
  expect(api.counts.logins).toBe(1);
  environment.MEMBERS_API_PASSWORD = "open sesame";
  expect(await source.get("default", "ann")).toEqual(ann);
});

test("a variable that is not set is told by its name when the source is made", () => {
  expect(() => sampleSource("http://localhost", { environment: { MEMBERS_API_USER: "desk" } })).toThrow(
    /MEMBERS_API_PASSWORD is not set/,
  );
});

test("one caller's abort is not the others': the login goes on", async () => {
  let release = (): void => undefined;
  const api = await sampleApi({ members: [ann] });
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const source = sampleSource(api.url, {
    fetch: async (input, init) => {
      if (String(input).endsWith("/login")) {
        asked();
        await held;
      }
      return fetch(input, init);
    },
  });
  const controller = new AbortController();
  const aborted = source.get("default", "ann", { signal: controller.signal });
  const other = source.get("default", "ann");
  await begun;
  const reason = new Error("left");
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  release();
  expect(await other).toEqual(ann);
  expect(api.counts.logins).toBe(1);
});

test("a call's deadline counts its login, too", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  let logins = 0;
  const source = sampleSource("http://127.0.0.1:1", {
    timeoutMs: 10_000,
    deadlineMs: 1_000,
    fetch: async (input) => {
      if (!String(input).endsWith("/login")) {
        await later(800);
        return new Response(null, { status: 401 });
      }
      // The second comes never, as far as this test goes.
      if (++logins > 1) await later(1e9);
      return Response.json({ data: { token: "t" } });
    },
  });
  const got = source.get("n", "ann").catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(logins).toBe(2);
  const waited = Promise.race([got, Promise.resolve("still waiting")]);
  expect(await waited).toMatchObject({ code: "service-unavailable", retryable: true });
});

test("a login by form, with a header of its own and one for all calls", async () => {
  const server = await scriptedServer(({ url }) =>
    url === "/token" ? { body: { access_token: "abc" } } : { body: { id: 7, name: "Ann" } },
  );
  const source = httpMemberSource({
    baseUrl: server.url,
    headers: { "X-Api-Key": "{env:KEY}" },
    login: {
      path: "/token",
      format: "form",
      body: { grant_type: "client_credentials", client_id: "{env:ID}", client_secret: "{env:SECRET}" },
      token: "access_token",
      header: "X-Token",
      value: "Token {token}",
    },
    member: { path: "/people/{id}?view=full", fields: { id: "id", name: "name" } },
    environment: { KEY: "k", ID: "me & you", SECRET: "s$&" },
  });
  expect(await source.get("default", "7")).toEqual({ id: "7", name: "Ann" });
  const [login, get] = server.received;
  expect(Object.fromEntries(new URLSearchParams(login?.body))).toEqual({
    grant_type: "client_credentials",
    client_id: "me & you",
    client_secret: "s$&",
  });
  expect(login?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  expect(get).toMatchObject({ url: "/people/7?view=full", headers: { "x-api-key": "k", "x-token": "Token abc" } });
});

test("no error, of whatever kind, holds a password or a token", async () => {
  const secrets = ["open sesame", "top-secret-token"];
  const broken = [
    { status: 200, body: '{"data":{"token":"top-secret-token"' },
    { status: 200, body: { data: { token: "top-secret-token\n" } } },
    { status: 500, body: "top-secret-token open sesame" },
    { status: 403, body: { error: "open sesame is wrong" } },
    { status: 200, body: { token: "top-secret-token" } },
    { status: 302, body: "", headers: { location: "https://elsewhere.example/?token=top-secret-token" } },
  ];
  for (const at of ["login", "get"]) {
    for (const reply of broken) {
      const server = await scriptedServer(({ url }) =>
        url === "/v1/login" && at === "get" ? { body: { data: { token: "top-secret-token" } } } : reply,
      );
      const source = sampleSource(server.url, { deadlineMs: 300 });
      const error: unknown = await source.get("n", "ann").catch((reason: unknown) => reason);
      // What answers the login with a token at another place is a member without a record at its own.
      expect(isFaceKitError(error)).toBe(true);
      for (let each: unknown = error; each instanceof Error; each = each.cause) {
        const text = `${each.message} ${each.stack} ${JSON.stringify(each)}`;
        for (const secret of secrets) expect(text).not.toContain(secret);
      }
    }
  }
});
