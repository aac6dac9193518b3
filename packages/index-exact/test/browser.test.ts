import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const browser = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"]).status === 0,
);

const folders: Readonly<Record<string, string>> = {
  core: fileURLToPath(new URL("../../core/dist/", import.meta.url)),
  "index-exact": fileURLToPath(new URL("../dist/", import.meta.url)),
};
const page = fileURLToPath(new URL("./fixtures/browser.html", import.meta.url));

/** Serves the page and the built packages. What the page posts fulfils the promise. */
function serve(isolated: boolean): { server: Server; result: Promise<unknown> } {
  const server = createServer();
  const result = new Promise<unknown>((resolve) => {
    server.on("request", async (request, response) => {
      if (isolated) {
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      }
      const [, folder = "", name = ""] = (request.url ?? "").split("/");
      if (folder === "result") resolve(JSON.parse(await bodyOf(request)));
      const file = folder === "" ? page : join(folders[folder] ?? "", name);
      response.setHeader("Content-Type", extname(file) === ".js" ? "text/javascript" : "text/html");
      response.end(await readFile(file).catch(() => ""));
    });
  });
  return { server, result };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

async function visit(isolated: boolean): Promise<unknown> {
  const { server, result } = serve(isolated);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const profile = mkdtempSync(join(tmpdir(), "facekit-browser-"));
  // The browser's other processes write on for a moment after it ended.
  onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 12, retryDelay: 100 }));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
  const process = spawn(browser ?? "", [...flags, `http://127.0.0.1:${port}/`], { stdio: "ignore" });
  const ended = new Promise<string>((resolve) => process.once("close", () => resolve("The browser ended.")));
  onTestFinished(async () => {
    process.kill();
    await ended;
  });
  return Promise.race([result, ended]);
}

describe.skipIf(browser === undefined)("in a browser (needs chromium or google-chrome)", () => {
  test("finds what a full comparison finds, with threads, where the page is cross-origin isolated", async () => {
    const right = Array(8).fill(true);
    expect(await visit(true)).toEqual({ right, threads: 4, threadsAnswered: true, crossOriginIsolated: true });
  });

  test("finds the same without threads elsewhere", async () => {
    const right = Array(8).fill(true);
    expect(await visit(false)).toEqual({ right, threads: 0, threadsAnswered: false, crossOriginIsolated: false });
  });
});
