import {
  checkKeys,
  createFlows,
  createVectorStore,
  type Detector,
  disposeAll,
  type Embedder,
  type FaceKit,
  FaceKitError,
  type FaceKitOptions,
  localFaceIndex,
  type MemberSource,
  memoryFaceRecords,
  memoryMemberSource,
  memoryVisitLog,
  type PhotoReader,
  type VectorIndex,
  type VectorStore,
  type VisitLog,
} from "@facekit/core";
import { resolvePack } from "@facekit/models";
import { sqliteStore } from "@facekit/store-sql";
import { checkedLimits, decodeImage, readPhoto } from "./decode.js";
import { loadDetector, loadEmbedder, loadPack } from "./load-models.js";
import type { NodeFaceKitOptions } from "./options.js";
import { searchIndexOf } from "./search-index.js";

const optionNames = [
  "store",
  "models",
  "modelsDirectory",
  "cacheDirectory",
  "acceptNonCommercial",
  "detector",
  "embedder",
  "index",
  "image",
  "session",
  "members",
  "visits",
  "photos",
  "readPhoto",
  "namespace",
  "minFaceSize",
  "threshold",
  "falseMatchRate",
  "falsePositiveRate",
  "signal",
  "onProgress",
  "onChoice",
] as const;

/**
 * Everything with defaults in one call: the bundled models, exact search, and the store in a file when `store` names
 * one, or in the database that it is. The kit owns its parts; dispose it (`await using`) to close them.
 */
export async function createFaceKit(options: NodeFaceKitOptions = {}): Promise<FaceKit> {
  checkKeys("createFaceKit", options, optionNames);
  const limits = checkedLimits(options.image ?? {});
  const reader: PhotoReader = (photo, call) => readPhoto(photo, { maxBytes: limits.maxBytes, ...call });
  const flows = { readPhoto: reader, ...flowOptionsOf(options) };
  const { index: given, store: kept, onProgress, onChoice } = options;
  if (typeof given === "object" && given !== null && "probe" in given) return createFlows({ ...flows, index: given });
  if (kept !== undefined && typeof kept !== "string" && (typeof kept !== "object" || kept === null)) {
    throw new FaceKitError(
      "invalid-argument",
      `store wants a path, a database or a VectorStore; got ${kept === null ? "null" : `a value of type ${typeof kept}`}.`,
    );
  }
  if (given !== undefined && typeof kept === "object" && !("faceRecords" in kept)) {
    throw new FaceKitError("invalid-argument", "index is for a store without search: a VectorStore has its own.");
  }

  // Before the models, which take long to load.
  const search = await searchIndexOf({ index: given, onProgress, onChoice });
  const { detector, embedder } = await partsOf(options);
  const parts: (AsyncDisposable | undefined)[] = [detector, embedder, options.photos];
  try {
    const { store, members, visits } = await backendsOf(options, search);
    parts.push(store, members, visits);
    const index = localFaceIndex({
      detector,
      embedder,
      store,
      decode: (image, call) => decodeImage(image, { ...limits, ...call }),
    });
    // A store that is damaged or holds another space is refused now and not at the first visitor.
    await store.open(embedder.space, options.signal === undefined ? {} : { signal: options.signal });
    return createFlows({ ...flows, members, visits, index });
  } catch (error) {
    // Why it failed tells more than how a part failed to close.
    await disposeAll(parts).catch(() => undefined);
    throw error;
  }
}

/** What is left for the flows when the parts are made. */
function flowOptionsOf(options: NodeFaceKitOptions): Omit<FaceKitOptions, "index"> {
  const { store, models, modelsDirectory, cacheDirectory, acceptNonCommercial, ...others } = options;
  const { detector, embedder, index, image, session, signal, onProgress, onChoice, ...flows } = others;
  return flows;
}

async function partsOf(options: NodeFaceKitOptions): Promise<{ detector: Detector; embedder: Embedder }> {
  const { detector, embedder, models = "bundled" } = options;
  if (detector !== undefined && embedder !== undefined) return { detector, embedder };
  if (detector === undefined && embedder === undefined) return loadPack(models, options);
  const cards = resolvePack(models);
  return {
    detector: detector ?? (await loadDetector(cards.detector, options, cards.landmarks)),
    embedder: embedder ?? (await loadEmbedder(cards.embedder, options)),
  };
}

interface Backends {
  readonly store: VectorStore;
  readonly members: MemberSource;
  readonly visits: VisitLog;
}

async function backendsOf({ store, members, visits }: NodeFaceKitOptions, index: VectorIndex): Promise<Backends> {
  if (typeof store === "string" || (store !== undefined && "faceRecords" in store)) {
    const database = typeof store === "string" ? sqliteStore(store) : store;
    // The database closes with its last part, so those that are not used let it go now.
    if (members !== undefined) await database.members[Symbol.asyncDispose]();
    if (visits !== undefined) await database.visits[Symbol.asyncDispose]();
    return {
      store: createVectorStore({ records: database.faceRecords, index }),
      members: members ?? database.members,
      visits: visits ?? database.visits,
    };
  }
  return {
    store: store ?? createVectorStore({ records: memoryFaceRecords(), index }),
    members: members ?? memoryMemberSource(),
    visits: visits ?? memoryVisitLog(),
  };
}
