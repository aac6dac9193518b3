import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { isMainThread } from "node:worker_threads";
import { FaceKitError } from "@facekit/core";

/** A compiled hnswlib-node: what a thread loads. */
export interface Library {
  /** Its main file. */
  readonly path: string;
  readonly version: string;
}

const name = "hnswlib-node";
/** The version whose files `links.ts` reads and writes. */
const major = "3";

/**
 * Finds hnswlib-node, in `folder` where one is given, and loads it once to see that it can be. Throws `not-supported`
 * with the command that brings it where it is missing, not compiled, or of another version; and in a thread that is not the
 * main one.
 */
export function findLibrary(folder?: string): Library {
  if (!isMainThread) {
    throw new FaceKitError(
      "not-supported",
      "The HNSW index wants the main thread: with another one, Node ends its graphs within native code, and so the process.",
      { adapter: "index-hnsw" },
    );
  }
  const require = createRequire(import.meta.url);
  const wanted = folder === undefined ? name : resolve(folder);
  let found: Library;
  try {
    const { version }: { version: string } = require(`${wanted}/package.json`);
    found = { path: require.resolve(wanted), version };
  } catch (cause) {
    throw missing(`${where(folder)} is not installed: npm install ${name}@${major}`, cause);
  }
  if (found.version.split(".")[0] !== major) {
    throw missing(`${where(folder)} is version ${found.version}: npm install ${name}@${major}`);
  }
  try {
    require(found.path);
  } catch (cause) {
    // Where npm does not run install scripts; unlike `npm rebuild` it works in folders of other package managers too.
    const rebuild = `npx node-gyp rebuild -C "${dirname(require.resolve(`${wanted}/package.json`))}"`;
    throw missing(`${where(folder)} is not compiled: ${rebuild} (it wants a C++ compiler and Python)`, cause);
  }
  return found;
}

function where(folder: string | undefined): string {
  return folder === undefined ? name : `${name} in "${folder}"`;
}

function missing(why: string, cause?: unknown): FaceKitError {
  return new FaceKitError("not-supported", `The HNSW index wants ${name}, and ${why}`, {
    adapter: "index-hnsw",
    ...(cause !== undefined && { cause }),
  });
}
