import {
  checkKeys,
  createFlows,
  createVectorStore,
  type Detector,
  type Embedder,
  type FaceIndex,
  type FaceKit,
  localFaceIndex,
  type MemberSource,
  memoryFaceRecords,
  memoryMemberSource,
  memoryVisitLog,
  type VectorStore,
  type VisitLog,
} from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { resolvePack } from "@facekit/models";
import { sqliteStore } from "@facekit/store-sql";
import { decodeImage } from "./decode.js";
import { loadDetector, loadEmbedder, loadPack } from "./load-models.js";
import type { NodeFaceKitOptions } from "./options.js";

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
  "namespace",
  "minFaceSize",
  "threshold",
  "falseMatchRate",
  "signal",
  "onProgress",
] as const;

/**
 * Everything with defaults in one call: the bundled models, exact search, and the store in a file when `store` names
 * one. The kit owns its parts; dispose it (`await using`) to close them.
 */
export async function createFaceKit(options: NodeFaceKitOptions = {}): Promise<FaceKit> {
  checkKeys("createFaceKit", options, optionNames);
  if (options.index !== undefined) return createFlows({ ...options, index: options.index });

  const { detector, embedder } = await partsOf(options);
  const { store, ...backends } = backendsOf(options);
  const index: FaceIndex = localFaceIndex({
    detector,
    embedder,
    store,
    decode: (image, call) => decodeImage(image, { ...options.image, ...call }),
  });
  try {
    // A store that is damaged or holds another space is refused now and not at the first visitor.
    await store.open(embedder.space, options.signal === undefined ? {} : { signal: options.signal });
    return createFlows({ ...options, ...backends, index });
  } catch (error) {
    await index[Symbol.asyncDispose]();
    throw error;
  }
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

function backendsOf({ store, members, visits }: NodeFaceKitOptions): Backends {
  if (typeof store === "string") {
    const file = sqliteStore(store);
    return {
      store: createVectorStore({ records: file.faceRecords, index: exactIndex() }),
      members: members ?? file.members,
      visits: visits ?? file.visits,
    };
  }
  return {
    store: store ?? createVectorStore({ records: memoryFaceRecords(), index: exactIndex() }),
    members: members ?? memoryMemberSource(),
    visits: visits ?? memoryVisitLog(),
  };
}
