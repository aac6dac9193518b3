import { createHash } from "node:crypto";
import { Agent } from "node:http";
import type { CloudinaryServer, CloudinaryServerOptions } from "@facekit/conformance/cloudinary-server";
import { v2 } from "cloudinary";
import { expect, test } from "vitest";
import { serverForTest } from "./support.js";

/** The SDK itself, on the server that the other tests stand on. */
async function sdk(options?: CloudinaryServerOptions) {
  const server = await serverForTest(options);
  const { hostname, username, password } = new URL(server.url());
  const account = {
    cloud_name: hostname,
    api_key: username,
    api_secret: password,
    upload_prefix: server.address,
    agent: new Agent(),
    resource_type: "raw",
    type: "authenticated",
  } as const;
  const write = async (publicId: string, text: string, how: object = {}): Promise<unknown> =>
    v2.uploader.upload(`data:text/plain;base64,${Buffer.from(text).toString("base64")}`, {
      ...account,
      public_id: publicId,
      ...how,
    });
  return { server, account, write };
}

async function read(server: CloudinaryServer, account: object, publicId: string, version?: number): Promise<string> {
  const cname = new URL(server.address).host;
  const url = v2.url(publicId, { ...account, secure: false, cname, sign_url: true, version: version ?? "" });
  const response = await fetch(url);
  return response.ok ? response.text() : String(response.status);
}

const at = (response: unknown, name: string): unknown => Reflect.get(Object(response), name);

test("in the stale-cache mode only the newest version's URL gives the newest bytes", async () => {
  const { server, account, write } = await sdk({ staleMs: 60_000 });
  const first = Number(at(await write("a.json", "one"), "version"));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = Number(at(await write("a.json", "two", { overwrite: true, invalidate: true }), "version"));
  expect(second).toBeGreaterThan(first);
  expect(await read(server, account, "a.json", second)).toBe("two");
  expect(await read(server, account, "a.json", first)).not.toBe("two");
  await v2.uploader.destroy("a.json", { ...account, invalidate: true });
  // From the cache.
  expect(await read(server, account, "a.json", second)).toBe("two");
});

test("in the stale-cache mode two contents of one second have one URL, which gives the first that was read", async () => {
  const { server, account, write } = await sdk({ staleMs: 60_000 });
  for (let round = 0; ; round++) {
    const name = `${round}.json`;
    const first = Number(at(await write(name, "one"), "version"));
    expect(await read(server, account, name, first)).toBe("one");
    const second = Number(at(await write(name, "two", { overwrite: true, invalidate: true }), "version"));
    // A second may begin in between.
    if (second !== first) continue;
    expect(await read(server, account, name, second)).toBe("one");
    break;
  }
});

test("with settleMs two are told that they made one file, and one is written over", async () => {
  const { server, write } = await sdk({ settleMs: 40, tellsExisting: false });
  const texts = ["one", "two"];
  const answers = await Promise.all(texts.map((text) => write("a.json", text, { overwrite: false })));
  const etags = texts.map((text) => createHash("md5").update(text).digest("hex"));
  expect(answers.map((answer) => at(answer, "etag"))).toEqual(etags);
  expect(texts).toContain(server.files().get("a.json")?.toString());
  const third = await write("a.json", "three", { overwrite: false });
  expect(at(third, "existing")).toBeUndefined();
  expect(etags).toContain(at(third, "etag"));
});

test("an account that signs with SHA-256 takes no SHA-1", async () => {
  const { server, account, write } = await sdk({ signatureAlgorithm: "sha256" });
  await expect(write("a.json", "one")).rejects.toMatchObject({ http_code: 401 });
  const version = Number(at(await write("a.json", "one", { signature_algorithm: "sha256" }), "version"));
  expect(await read(server, account, "a.json", version)).toBe("401");
  expect(await read(server, { ...account, signature_algorithm: "sha256" }, "a.json", version)).toBe("one");
});

test("overwrite: false leaves what is there and says so", async () => {
  const { server, write } = await sdk();
  expect(at(await write("a.json", "one", { overwrite: false }), "existing")).toBeUndefined();
  expect(at(await write("a.json", "two", { overwrite: false }), "existing")).toBe(true);
  expect(server.files().get("a.json")?.toString()).toBe("one");
});

test("lists come in pages, count against the hour, and may lag", async () => {
  const { server, account, write } = await sdk({ listLagMs: 60_000 });
  await write("a.json", "one");
  const lagging: unknown = await v2.api.resources({ ...account, prefix: "a" });
  expect(at(lagging, "resources")).toEqual([]);
  expect(at(lagging, "rate_limit_allowed")).toBe(500);
  expect(at(lagging, "rate_limit_remaining")).toBe(499);
  expect(server.requests.admin).toBe(1);
});

test("a page ends with a cursor while there is more", async () => {
  const { account, write } = await sdk();
  for (const name of ["a1", "a2", "a3", "b1"]) await write(name, name);
  const first: unknown = await v2.api.resources({ ...account, prefix: "a", max_results: 2 });
  const cursor = String(at(first, "next_cursor"));
  const second: unknown = await v2.api.resources({ ...account, prefix: "a", max_results: 2, next_cursor: cursor });
  const names = [first, second].flatMap((page) =>
    [...Object(at(page, "resources"))].map((file) => at(file, "public_id")),
  );
  expect(names).toEqual(["a1", "a2", "a3"]);
  expect(at(second, "next_cursor")).toBeUndefined();
});

test("deleting by prefix and by ids, and details", async () => {
  const { server, account, write } = await sdk();
  for (const name of ["a1", "a2", "b1", "b2"]) await write(name, name);
  expect(at(await v2.api.resource("a1", account), "bytes")).toBe(2);
  await v2.api.delete_resources_by_prefix("a", account);
  expect([...server.files().keys()]).toEqual(["b1", "b2"]);
  await v2.api.delete_resources(["b1"], account);
  expect([...server.files().keys()]).toEqual(["b2"]);
});

test("a request that was changed after it was signed is refused", async () => {
  const { server, account } = await sdk();
  const { cloud_name, api_secret, api_key } = account;
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = v2.utils.api_sign_request({ public_id: "a", timestamp }, api_secret);
  const send = (publicId: string): Promise<Response> => {
    const form = new FormData();
    const fields = {
      public_id: publicId,
      timestamp: `${timestamp}`,
      api_key,
      signature,
      file: "data:text/plain;base64,YQ==",
    };
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return fetch(`${server.address}/v1_1/${cloud_name}/raw/upload`, { method: "POST", body: form });
  };
  expect((await send("b")).status).toBe(401);
  expect((await send("a")).status).toBe(200);
});
