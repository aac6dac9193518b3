import { setTimeout as sleep } from "node:timers/promises";
import { abortable, FaceKitError, type Progress } from "@facekit/core";
import type { Fields, Server } from "./connection.js";
import { adapterId, unlessThere } from "./failures.js";
import { numberAt, textAt } from "./fields.js";
import { templates } from "./template-log.js";

/** The most that `$vectorSearch` takes as `limit` and `numCandidates`. */
export const mostHits = 10_000;

/** By what a search may be narrowed. */
const filterPaths = ["namespace", "shownAt"];

export interface SearchIndexOptions {
  readonly name: string;
  /** Compare with every vector (`exact: true` of `$vectorSearch`) instead of walking the graph. */
  readonly exact: boolean;
  readonly timeoutMs: number;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export interface SearchHit {
  /** As it is stored. */
  readonly member: string;
  /** Of the server: rounded. */
  readonly similarity: number;
}

/** A `vectorSearch` index of the collection of templates. */
export class SearchIndex {
  readonly #options: SearchIndexOptions;

  constructor(options: SearchIndexOptions) {
    this.#options = options;
  }

  /** Makes the index if it is missing, and fulfils when it can be searched. */
  async ready(server: Server, dimensions: number, signal: AbortSignal | undefined): Promise<void> {
    const { name, timeoutMs, onProgress } = this.#options;
    const collection = server.searchable(templates);
    const started = performance.now();
    let created = false;
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 2000)) {
      signal?.throwIfAborted();
      const listed: Fields[] = await answered(server, () => collection.listSearchIndexes(name).toArray());
      const index = listed.find((found) => found.name === name);
      if (index === undefined && !created) {
        // Another process may make it at the same time.
        await unlessThere(answered(server, () => collection.createSearchIndex(definitionOf(name, dimensions))));
        created = true;
      }
      if (index !== undefined) checkDefinition(index, name, dimensions);
      if (index?.queryable === true) return;
      const seconds = (performance.now() - started) / 1000;
      if (seconds * 1000 > timeoutMs) {
        throw new FaceKitError(
          "store-unavailable",
          `The search index "${name}" could not be searched after ${Math.round(seconds)} s (${String(index?.status ?? "not listed")}). Call open again to go on waiting, or give indexTimeoutMs more.`,
          { adapter: adapterId },
        );
      }
      onProgress?.({ task: `seconds waited for search index "${name}"`, done: Math.round(seconds) });
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
    }
  }

  /** The nearest templates and means of a namespace, best first: at most `limit`, which is `mostHits` or less. */
  async nearest(server: Server, namespace: string, probe: Float32Array, limit: number): Promise<SearchHit[]> {
    const found = await this.#search(server, { namespace }, probe, limit, this.#options.exact);
    return found
      .filter((document) => typeof document.member === "string")
      .map((document) => ({
        member: textAt(document, "member"),
        // The score of a cosine index is (1 + cosine) / 2.
        similarity: numberAt(document, "score") * 2 - 1,
      }));
  }

  /** How many of the documents that one revision showed are in the index: `most` at the most. */
  async holds(server: Server, shownAt: number, probe: Float32Array, most: number): Promise<number> {
    return (await this.#search(server, { shownAt }, probe, most, true)).length;
  }

  async #search(server: Server, filter: Fields, probe: Float32Array, limit: number, exact: boolean): Promise<Fields[]> {
    const stage = {
      index: this.#options.name,
      path: "vector",
      queryVector: server.driver.Binary.fromFloat32Array(probe),
      filter: Object.fromEntries(Object.entries(filter).map(([path, value]) => [path, { $eq: value }])),
      limit,
      // Twenty for each hit, as MongoDB's documentation recommends.
      ...(exact ? { exact: true } : { numCandidates: Math.min(mostHits, Math.max(200, limit * 20)) }),
    };
    const stages = [{ $vectorSearch: stage }, { $project: { member: 1, score: { $meta: "vectorSearchScore" } } }];
    return answered(server, (signal) => server.searchable(templates).aggregate<Fields>(stages, { signal }).toArray());
  }
}

/** The search process is told of no time limit, so it is kept here. */
async function answered<T>(server: Server, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(server.timeoutMs);
  try {
    return await abortable(call(signal), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new FaceKitError("store-unavailable", `The server's search did not answer within ${server.timeoutMs} ms.`, {
      adapter: adapterId,
      retryable: true,
    });
  }
}

function definitionOf(name: string, numDimensions: number): { name: string; type: string; definition: Fields } {
  const fields = [
    { type: "vector", path: "vector", numDimensions, similarity: "cosine" },
    ...filterPaths.map((path) => ({ type: "filter", path })),
  ];
  return { name, type: "vectorSearch", definition: { fields } };
}

/** Throws where an index of that name is there that cannot be used. What the server does not tell is not held against it. */
function checkDefinition({ latestDefinition, status }: Fields, name: string, dimensions: number): void {
  const refuse = (why: string): never => {
    throw new FaceKitError(
      "not-supported",
      `The search index "${name}" cannot be used: ${why}. Drop it, and it is made anew, or name another by searchIndex.`,
      { adapter: adapterId },
    );
  };
  if (status === "FAILED") refuse("the server could not build it");
  if (typeof latestDefinition !== "object" || latestDefinition === null || !("fields" in latestDefinition)) return;
  const { fields } = latestDefinition;
  if (!Array.isArray(fields)) return;
  const paths = new Map<unknown, Fields>(fields.map((field: Fields) => [field.path, field]));
  const vector = paths.get("vector");
  if (vector?.numDimensions !== dimensions || vector.similarity !== "cosine") {
    refuse(`it is not of "vector" with ${dimensions} dimensions by cosine`);
  }
  const missing = filterPaths.find((path) => paths.get(path)?.type !== "filter");
  if (missing !== undefined) refuse(`it has no filter "${missing}"`);
}
