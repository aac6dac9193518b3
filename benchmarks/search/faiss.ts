import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pythonInterpreter } from "../python/environment.js";
import { reasonOf } from "../skipped.js";
import type { Contender } from "./contenders.js";
import type { Gallery } from "./gallery.js";

/** faiss's IndexFlatIP in a Python process, which times its own searches: the pipe between is not faiss's fault. */
export async function faissFlat(gallery: Gallery, rows: Float32Array, threads: number): Promise<Contender> {
  const { count, dimensions } = gallery;
  const script = fileURLToPath(new URL("../python/search.py", import.meta.url));
  const python = spawn(pythonInterpreter(), [script], { stdio: "pipe" });
  let complaints = "";
  python.stderr.on("data", (text: Buffer) => {
    complaints += text;
  });
  const ended = once(python, "close").then(() => {
    throw new Error(reasonOf(complaints));
  });
  // The error is for whoever waits for an answer.
  ended.catch(() => undefined);
  python.stdin.on("error", () => undefined);
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => (await Promise.race([lines.next(), ended])).value ?? (await ended);

  python.stdin.write(`${JSON.stringify({ count, dimensions, threads })}\n`);
  await sent(bytesOf(rows));
  await answer();
  let lastMs = 0;
  return {
    async search(queries, k) {
      python.stdin.write(`${JSON.stringify({ queries: queries.length, k })}\n`);
      for (const query of queries) python.stdin.write(bytesOf(query));
      const found: { rows: number[][]; ms: number } = JSON.parse(await answer());
      lastMs = found.ms;
      return found.rows;
    },
    ownMs: () => lastMs,
    close: () => void python.stdin.end(),
  };

  /** In parts: a pipe takes no gallery at once. */
  async function sent(bytes: Uint8Array): Promise<void> {
    const part = 2 ** 24;
    for (let at = 0; at < bytes.length; at += part) {
      if (!python.stdin.write(bytes.subarray(at, at + part))) await Promise.race([once(python.stdin, "drain"), ended]);
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
