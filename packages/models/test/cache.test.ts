import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultCacheDirectory, loadModel, locateModel, pullModel } from "../src/cache.js";
import { defineModelCard, findCard, type ModelCard } from "../src/index.js";

const content = randomBytes(300_000);
let folder: string;
let server: Server;
let card: ModelCard;
let ranges: (string | undefined)[];
/** What the server does with each request in turn; then it serves the file properly. */
let script: ((request: IncomingMessage, response: ServerResponse) => void)[];

function serve(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = content.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    etag: '"1"',
    "content-length": rest.length,
    ...(from > 0 && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  response.end(rest);
}

function cut(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { etag: '"1"', "content-length": content.length });
  response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(code, headers).end();

const send = (bytes: Uint8Array) => (_: IncomingMessage, response: ServerResponse) => void response.end(bytes);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "facekit-models-"));
  ranges = [];
  script = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    (script.shift() ?? serve)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  card = defineModelCard({
    ...findCard("yunet-640"),
    id: "test",
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
    url: `http://127.0.0.1:${port}/model.onnx`,
  });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const pull = (options = {}) => pullModel(card, { cacheDirectory: folder, retry: { initialDelayMs: 1 }, ...options });
const own = () => join(folder, card.file);

describe("pullModel", () => {
  it("downloads once, with monotonic progress", async () => {
    const seen: number[] = [];
    const path = await pull({ onProgress: ({ done }: { done: number }) => seen.push(done) });
    expect(await readFile(path)).toEqual(content);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(content.length);
    await pull();
    expect(ranges).toHaveLength(1);
    expect(await readdir(folder)).toEqual([card.file]);
  });

  it("goes on where a transfer was cut", async () => {
    script = [cut];
    expect(await readFile(await pull())).toEqual(content);
    expect(ranges).toEqual([undefined, "bytes=100000-"]);
  });

  it("goes on in a later call, and with what a killed process left", async () => {
    script = [cut];
    await expect(pull({ retry: { deadlineMs: 0 } })).resolves.toBe(own());
    await rm(own());
    await writeFile(`${own()}.999999999-0.part`, content.subarray(0, 5));
    expect(await readFile(await pull())).toEqual(content);
    expect(ranges.at(-1)).toBe("bytes=5-");
  });

  it("starts afresh where the part does not fit", async () => {
    await writeFile(`${own()}.part`, randomBytes(50));
    expect(await readFile(await pull())).toEqual(content);
    expect(ranges).toEqual(["bytes=50-", undefined]);
  });

  it.each([
    ["other bytes", () => randomBytes(content.length)],
    ["too many", () => Buffer.concat([content, content])],
    ["too few", () => content.subarray(1)],
  ])("refuses %s and leaves nothing", async (_, bytes) => {
    script = [send(bytes())];
    await expect(pull()).rejects.toMatchObject({ code: "model-corrupt" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("stops an endless answer of no stated length", async () => {
    script = [(_, response) => void response.write(Buffer.concat([content, content]))];
    await expect(pull()).rejects.toMatchObject({ code: "model-corrupt" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("tries again after 500 and 429, follows redirects, gives up at 404", async () => {
    script = [status(500), status(429, { "retry-after": "0" }), status(302, { location: "/elsewhere" })];
    await pull();
    await rm(own());
    script = [status(404)];
    await expect(pull()).rejects.toMatchObject({ code: "download-failed", retryable: false });
  });

  it("tells how long the server asks to wait", async () => {
    script = [status(503, { "retry-after": "60" })];
    await expect(pull()).rejects.toMatchObject({ code: "download-failed", retryable: true, retryAfterMs: 60_000 });
  });

  it("says what to do offline", async () => {
    const offline = { url: "http://127.0.0.1:1/x", retry: { deadlineMs: 0 } };
    await expect(pull(offline)).rejects.toMatchObject({
      code: "download-failed",
      message: expect.stringMatching(/online/),
    });
  });

  it("gives up a stalled connection and resumes", async () => {
    script = [(_, response) => void response.writeHead(200, { "content-length": content.length }).write("")];
    expect(await readFile(await pull({ stallTimeoutMs: 200 }))).toEqual(content);
  });

  it("rejects with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(pull({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("may run twice at once", async () => {
    const paths = await Promise.all([pull(), pull()]);
    expect(paths).toEqual([own(), own()]);
    expect(await readFile(own())).toEqual(content);
    expect(await readdir(folder)).toEqual([card.file]);
  });
});

describe("loadModel and locateModel", () => {
  const cacheDirectory = join(tmpdir(), "facekit-no-such-cache");

  it("finds a file of the user's under another of its names", async () => {
    await writeFile(join(folder, "yunet_2023mar_640.onnx"), content);
    const options = { directories: [folder], cacheDirectory };
    expect(Buffer.from(await loadModel(card, options))).toEqual(content);
    expect(await locateModel(card, options)).toBe(join(folder, "yunet_2023mar_640.onnx"));
  });

  it("says what to do for a missing one", async () => {
    const missing = loadModel(card, { cacheDirectory });
    await expect(missing).rejects.toMatchObject({
      code: "model-not-found",
      message: expect.stringMatching(/pull test/),
    });
  });

  it.each([loadModel, locateModel])("refuses and keeps a user's wrong file: %o", async (find) => {
    for (const wrong of [content.subarray(1), randomBytes(content.length)]) {
      await writeFile(own(), wrong);
      const refused = find(card, { directories: [folder], cacheDirectory });
      await expect(refused).rejects.toMatchObject({ code: "model-corrupt", message: expect.stringContaining(own()) });
      expect(await readdir(folder)).toEqual([card.file]);
    }
  });

  it("notices a file replaced after it was verified, and deletes it from the cache", async () => {
    await writeFile(own(), content);
    await locateModel(card, { cacheDirectory: folder });
    await writeFile(own(), randomBytes(content.length));
    await expect(locateModel(card, { cacheDirectory: folder })).rejects.toMatchObject({ code: "model-corrupt" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("wants consent for a non-commercial licence", async () => {
    await writeFile(own(), content);
    const limited: ModelCard = { ...card, licence: { ...card.licence, commercialUse: "no" } };
    await expect(loadModel(limited, { directories: [folder] })).rejects.toMatchObject({ code: "model-licence" });
    await loadModel(limited, { directories: [folder], acceptNonCommercial: true });
  });
});

describe("defaultCacheDirectory", () => {
  it("keeps to each platform's custom", () => {
    expect(defaultCacheDirectory({ FACEKIT_MODELS: "/m" }, "linux")).toBe("/m");
    expect(defaultCacheDirectory({ XDG_CACHE_HOME: "/c" }, "linux")).toBe("/c/facekit/models");
    expect(defaultCacheDirectory({}, "darwin")).toMatch(/Library\/Caches\/facekit\/models$/);
    expect(defaultCacheDirectory({ LOCALAPPDATA: "C:\\a" }, "win32")).toBe("C:\\a\\facekit\\models");
  });
});
