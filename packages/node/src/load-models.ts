import { type Detector, disposeAll, type Embedder, FaceKitError, type LoadOptions } from "@facekit/core";
import {
  type DetectorCard,
  type EmbedderCard,
  type LandmarkCard,
  type ModelCard,
  resolvePack,
  withLeakyRelus,
} from "@facekit/models";
import { loadModel } from "@facekit/models/cache";
import {
  alignedEmbedder,
  bundledDetector,
  detectorWithLandmarks68,
  type OnnxSession,
  yunetDetector,
} from "@facekit/onnx";
import { openSession, type SessionOptions, workersOf } from "./session.js";

export interface ModelOptions extends LoadOptions {
  readonly modelsDirectory?: string | readonly string[];
  readonly cacheDirectory?: string;
  readonly acceptNonCommercial?: boolean;
  readonly session?: SessionOptions;
}

/**
 * The detector and embedder of a pack, `"bundled"` or `"DETECTOR+EMBEDDER"` by card id, loaded and warm.
 * Rejects with `model-not-found`, `model-corrupt` or `model-licence`, each with what to do.
 */
export async function loadPack(
  pack: string,
  options: ModelOptions = {},
): Promise<{ detector: Detector; embedder: Embedder }> {
  const { detector: card, landmarks, embedder: embedderCard } = resolvePack(pack);
  const [detector, embedder] = await allOrNone([
    loadDetector(card, options, landmarks),
    loadEmbedder(embedderCard, options),
  ]);
  return { detector, embedder };
}

/** A detector from a registered card, or one of your own; with `landmarks`, that net measures the 68 points on its boxes. */
export async function loadDetector(
  card: DetectorCard,
  options: ModelOptions = {},
  landmarks?: LandmarkCard,
): Promise<Detector> {
  const workers = workersOf(options.session);
  // While each thread has a photo, the next one is decoded.
  const concurrency = workers === 1 ? 1 : workers + 1;
  const detector = { ...(await warm(await detectorOf(card, options), (part) => part.detect(blank))), concurrency };
  if (landmarks === undefined) return detector;
  const withLandmarks = async (): Promise<Detector> => ({
    ...detectorWithLandmarks68(detector, await sessionOf(landmarks, options)),
    concurrency,
  });
  return withLandmarks().catch(async (error) => {
    await detector[Symbol.asyncDispose]();
    throw error;
  });
}

/** An embedder from a registered card, or one of your own: an ArcFace-style net needs a card and no code. */
export async function loadEmbedder(card: EmbedderCard, options: ModelOptions = {}): Promise<Embedder> {
  const embedder = alignedEmbedder(card, await sessionOf(card, options));
  return warm(embedder, () => embedder.embed([{ image: blank, face: anyFace }]));
}

/** The first run allocates and optimises; a file that is no such model shows here and not at the first visitor. */
async function warm<T extends AsyncDisposable>(part: T, run: (part: T) => Promise<unknown>): Promise<T> {
  try {
    await run(part);
    return part;
  } catch (error) {
    await part[Symbol.asyncDispose]();
    throw error;
  }
}

/** Like `Promise.all`, but what did load is let go when another did not. */
async function allOrNone<T extends readonly AsyncDisposable[]>(
  parts: {
    [K in keyof T]: Promise<T[K]>;
  },
): Promise<T> {
  const settled = await Promise.allSettled<AsyncDisposable>(parts);
  const failed = settled.find((result) => result.status === "rejected");
  if (failed === undefined) return Promise.all(parts);
  const loaded = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  await disposeAll(loaded).catch(() => undefined);
  throw failed.reason;
}

async function detectorOf(card: DetectorCard, options: ModelOptions): Promise<Detector> {
  switch (card.family) {
    case "yunet":
      return yunetDetector(card, await sessionOf(card, options));
    case "blazeface-ssd": {
      const [blazeface, ssd, landmarks] = await allOrNone([
        sessionOf(card, options),
        sessionOf(card.parts.ssd, options),
        sessionOf(card.parts.landmarks, options),
      ]);
      return bundledDetector({ blazeface, ssd, landmarks });
    }
    default:
      throw new FaceKitError(
        "not-supported",
        `Card "${card.id}" is a part of a detector and finds no landmarks. Use "bundled" or a YuNet card.`,
      );
  }
}

function sessionOf(card: ModelCard, options: ModelOptions): Promise<OnnxSession> {
  const { session, modelsDirectory = [], ...rest } = options;
  const directories = typeof modelsDirectory === "string" ? [modelsDirectory] : modelsDirectory;
  // One kit's opt-in to a licence is not another's.
  const key = `${card.sha256} ${options.acceptNonCommercial === true}`;
  const load = async (): Promise<Uint8Array> => withLeakyRelus(await loadModel(card, { ...rest, directories }));
  return openSession(key, card.id, load, session);
}

const side = 64;
const blank = { data: new Uint8Array(side * side * 3).fill(128), width: side, height: side, channels: 3 } as const;

/** A face whose points no alignment stumbles over: five, and 68 on a circle. */
const anyFace = {
  box: { x: 0, y: 0, width: side, height: side },
  score: 1,
  landmarks: [
    { x: 20, y: 24 },
    { x: 44, y: 24 },
    { x: 32, y: 36 },
    { x: 24, y: 48 },
    { x: 40, y: 48 },
  ],
  landmarks68: Array.from({ length: 68 }, (_, i) => ({ x: 32 + 20 * Math.cos(i), y: 32 + 20 * Math.sin(i) })),
} as const;
