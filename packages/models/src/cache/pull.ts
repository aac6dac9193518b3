import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FaceKitError, isFaceKitError, type LoadOptions, type RetryOptions, retry } from "@facekit/core";
import type { ModelCard } from "../card.js";
import { defaultCacheDirectory } from "./directory.js";
import { download, failDisk } from "./download.js";
import { checkLicence } from "./licence.js";
import { locateModel } from "./locate.js";
import { claimPart, releasePart } from "./part-file.js";
import { verifyFile } from "./verify.js";

export interface PullOptions extends LoadOptions {
  /** Default `defaultCacheDirectory()`. */
  readonly cacheDirectory?: string;
  /** Fetches nets whose licence forbids commercial use. Default false. */
  readonly acceptNonCommercial?: boolean;
  /** A mirror, instead of the card's own address. */
  readonly url?: string;
  /** Replaces the global `fetch`, for example with one that knows a proxy. */
  readonly fetch?: typeof fetch;
  /** `deadlineMs` is for a stretch in which nothing arrives. */
  readonly retry?: Omit<RetryOptions, "signal">;
  /** A connection that brings nothing for so long is given up, in milliseconds. Default 30,000. */
  readonly stallTimeoutMs?: number;
}

/**
 * Downloads a card's file into the cache unless it is there, and resolves to its path. Cut transfers go on where they
 * ended, in a later process too; the file gets its name only after its SHA-256 is verified.
 * Rejects with `download-failed`, `model-corrupt`, `model-licence` or, where there is no address, `model-not-found`.
 */
export async function pullModel(card: ModelCard, options: PullOptions = {}): Promise<string> {
  const { signal, onProgress, cacheDirectory = defaultCacheDirectory(), acceptNonCommercial = false } = options;
  checkLicence(card, acceptNonCommercial);
  const url = options.url ?? card.url;
  try {
    return await locateModel(card, { cacheDirectory, acceptNonCommercial, ...(signal && { signal }) });
  } catch (error) {
    const absent = isFaceKitError(error, "model-not-found") || isFaceKitError(error, "model-corrupt");
    if (!absent || url === undefined) throw error;
  }

  const path = join(cacheDirectory, card.file);
  await mkdir(cacheDirectory, { recursive: true }).catch(failDisk);
  const part = await claimPart(path);
  let furthest = await sizeOf(part);
  const transfer = {
    url,
    fetch: options.fetch ?? fetch,
    signal,
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
    onBytes(done: number): void {
      // A transfer that starts afresh does not run the progress backwards.
      if (done <= furthest) return;
      furthest = done;
      onProgress?.({ task: `download ${card.id}`, done, total: card.bytes });
    },
  };
  const attempt = async (): Promise<void> => {
    const resumed = (await sizeOf(part)) > 0;
    await download(card, part, transfer);
    await verifyPart(card, part, url, resumed);
  };
  try {
    for (;;) {
      const before = furthest;
      try {
        await retry(attempt, { ...options.retry, ...(signal && { signal }) });
        break;
      } catch (error) {
        if (!isFaceKitError(error) || !error.retryable || furthest === before) throw error;
      }
    }
    await rename(part, path);
    return path;
  } catch (error) {
    if (isFaceKitError(error, "model-corrupt")) await rm(part, { force: true });
    else await releasePart(path, part);
    throw error;
  }
}

/** Verifies what lies on the disk, not what was received: a part may be of several transfers. */
async function verifyPart(card: ModelCard, part: string, url: string, resumed: boolean): Promise<void> {
  try {
    await verifyFile(card, part);
  } catch (error) {
    if (!isFaceKitError(error, "model-corrupt")) throw error;
    await rm(part, { force: true });
    if (resumed) {
      // The older half may be at fault: once more, from the start.
      throw new FaceKitError("download-failed", `The resumed download of ${url} does not fit together.`, {
        retryable: true,
        cause: error,
      });
    }
    throw new FaceKitError("model-corrupt", `${url} did not bring the file of ${card.id}: ${error.message}`, {
      cause: error,
      details: { model: card.id, url },
    });
  }
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
