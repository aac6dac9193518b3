import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FaceKitError, isFaceKitError, type LoadOptions } from "@facekit/core";
import { bundledDirectory } from "../bundled-directory.js";
import type { ModelCard } from "../card.js";
import { defaultCacheDirectory } from "./directory.js";
import { checkLicence } from "./licence.js";
import { readVerified, verifyFile } from "./verify.js";

export interface ModelOptions extends LoadOptions {
  /** Folders of the user's own, searched first. Their files are only read. */
  readonly directories?: readonly string[];
  /** Default `defaultCacheDirectory()`. */
  readonly cacheDirectory?: string;
  /** Opens nets whose licence forbids commercial use. Default false. */
  readonly acceptNonCommercial?: boolean;
}

/** Files found whole in this process, by `identity`. */
const verified = new Set<string>();

/**
 * The path of a card's file, its size and SHA-256 verified: the user's directories first, then the bundled files, then
 * the cache. Rejects with `model-not-found`, `model-corrupt` or `model-licence`. Where bytes will do, prefer `loadModel`.
 */
export async function locateModel(card: ModelCard, options: ModelOptions = {}): Promise<string> {
  return await withFile(card, options, async (path) => {
    const identity = await identify(card, path);
    if (verified.has(identity)) return path;
    await verifyFile(card, path, options);
    verified.add(identity);
    return path;
  });
}

/** The bytes of a card's file, verified as they are read. Found, and refused, as by `locateModel`. */
export async function loadModel(card: ModelCard, options: ModelOptions = {}): Promise<Uint8Array> {
  return await withFile(card, options, (path) => readVerified(card, path, options));
}

async function withFile<T>(card: ModelCard, options: ModelOptions, use: (path: string) => Promise<T>): Promise<T> {
  checkLicence(card, options.acceptNonCommercial);
  const cached = join(options.cacheDirectory ?? defaultCacheDirectory(), card.file);
  const names = [card.file, ...(card.fileNames ?? [])];
  const own = (options.directories ?? []).flatMap((directory) => names.map((name) => join(directory, name)));
  const bundled = card.bundled ? [join(bundledDirectory, card.file)] : [];
  for (const path of [...own, ...bundled, cached]) {
    options.signal?.throwIfAborted();
    try {
      return await use(path);
    } catch (error) {
      if (isMissing(error)) continue;
      if (path !== cached || !isFaceKitError(error, "model-corrupt")) throw error;
      await rm(path, { force: true });
      throw new FaceKitError("model-corrupt", `${error.message} It was deleted from the cache. ${remedy(card)}`, {
        cause: error,
        details: error.details,
      });
    }
  }
  throw new FaceKitError("model-not-found", `${card.file} of ${card.id} was not found. ${remedy(card)}`, {
    details: { model: card.id },
  });
}

function remedy(card: ModelCard): string {
  if (card.bundled) return "It comes with @facekit/models: reinstall the package, or build it in a checkout.";
  const keep = `put the file in a folder and name that with --models-dir (modelsDirectory); it comes from ${card.source}.`;
  return card.url ? `Run \`facekit models pull ${card.id}\`, or ${keep}` : `It cannot be downloaded: ${keep}`;
}

async function identify(card: ModelCard, path: string): Promise<string> {
  const { ino, size, mtimeMs, ctimeMs } = await stat(path);
  return [card.sha256, ino, size, mtimeMs, ctimeMs, path].join("\0");
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
