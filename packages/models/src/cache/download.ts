import { type FileHandle, open } from "node:fs/promises";
import { FaceKitError } from "@facekit/core";
import type { ModelCard } from "../card.js";

export interface DownloadOptions {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
  /** Give up on a connection that brings nothing for so many milliseconds. */
  readonly stallTimeoutMs: number;
  readonly onBytes: (done: number) => void;
  /** The ETag of what the part holds so far, where this process has seen it. */
  etag?: string | undefined;
}

/**
 * One attempt to complete the file `part`, from where it ends. Never writes more than `card.bytes`.
 * Rejects with a retryable `download-failed` where the next attempt may go on from there.
 */
export async function download(card: ModelCard, part: string, options: DownloadOptions): Promise<void> {
  const handle = await open(part, "a+").catch(failDisk);
  const stall = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error("the connection stalled")), options.stallTimeoutMs);
  };
  try {
    alive();
    const signals = options.signal ? [options.signal, stall.signal] : [stall.signal];
    await transfer(card, handle, options, AbortSignal.any(signals), alive);
    await handle.sync().catch(failDisk);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof FaceKitError
      ? error
      : connectionFailed(options.url, stall.signal.aborted ? stall.signal.reason : error);
  } finally {
    clearTimeout(timer);
    await handle.close();
  }
}

async function transfer(
  card: ModelCard,
  handle: FileHandle,
  options: DownloadOptions,
  signal: AbortSignal,
  alive: () => void,
): Promise<void> {
  let done = (await handle.stat()).size;
  if (done === card.bytes) return;
  if (done > card.bytes) {
    await handle.truncate(0);
    done = 0;
  }
  // Offsets count bytes of the file, so it must come unpacked.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (done > 0) headers.range = `bytes=${done}-`;
  if (done > 0 && options.etag) headers["if-range"] = options.etag;
  const response = await options.fetch(options.url, { headers, signal });
  const body = response.body;
  const from = response.status === 206 ? rangeStart(response) : 0;
  if (!response.ok || !body || (response.status === 206 && from !== done)) {
    await body?.cancel();
    // The server cannot go on from here; the next attempt starts afresh.
    if (response.ok || response.status === 416) await handle.truncate(0);
    throw refusedBy(options.url, response);
  }
  if (from === 0 && done > 0) {
    await handle.truncate(0);
    done = 0;
  }
  const etag = response.headers.get("etag");
  options.etag = etag && !etag.startsWith("W/") ? etag : undefined;
  const length = response.headers.get("content-length");
  if (length !== null && done + Number(length) !== card.bytes) {
    await body.cancel();
    throw wrongSize(card, options.url, done + Number(length));
  }
  for await (const chunk of body) {
    alive();
    if (done + chunk.length > card.bytes) throw wrongSize(card, options.url, `more than ${card.bytes}`);
    await handle.appendFile(chunk).catch(failDisk);
    done += chunk.length;
    options.onBytes(done);
  }
  if (done < card.bytes)
    throw connectionFailed(options.url, new Error(`it ended after ${done} of ${card.bytes} bytes`));
}

/** A disk that does not take the file: nothing that another attempt would mend. */
export function failDisk(error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const what = code === "ENOSPC" || code === "EDQUOT" ? "The disk is full" : "The model cache cannot be written";
  throw new FaceKitError(
    "download-failed",
    `${what}: ${messageOf(error)}. Make room, or name another folder in FACEKIT_MODELS.`,
    { cause: error },
  );
}

function rangeStart(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
}

function wrongSize(card: ModelCard, url: string, got: number | string): FaceKitError {
  return new FaceKitError(
    "model-corrupt",
    `${url} is not the file of ${card.id}: it has ${got} bytes, the card wants ${card.bytes}.`,
    { details: { model: card.id, url } },
  );
}

function refusedBy(url: string, response: Response): FaceKitError {
  const { status, statusText } = response;
  const retryable = status >= 500 || status === 429 || status === 408 || status === 416 || status === 206;
  const retryAfterMs = retryAfter(response.headers.get("retry-after"));
  return new FaceKitError("download-failed", `${url} answered ${status} ${statusText}.`, {
    retryable,
    ...(retryable && retryAfterMs !== undefined ? { retryAfterMs } : {}),
    details: { url, status },
  });
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

function connectionFailed(url: string, error: unknown): FaceKitError {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new FaceKitError(
    "download-failed",
    `The download of ${url} failed: ${messageOf(reason)}. ` +
      "Is this machine online? Where it cannot be, fetch the file elsewhere and name its folder with --models-dir (modelsDirectory).",
    { retryable: true, cause: error, details: { url } },
  );
}

function messageOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return (error instanceof Error && error.message) || code || String(error);
}
