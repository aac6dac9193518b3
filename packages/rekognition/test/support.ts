import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type RekognitionServer,
  type RekognitionServerOptions,
  rekognitionServer,
} from "@facekit/conformance/rekognition-server";
import {
  type DecodedImage,
  type Detector,
  type Embedder,
  type FaceIndex,
  type FaceProbe,
  isFaceKitError,
  type StrayFace,
} from "@facekit/core";
import {
  conditionsFromSeed,
  drawGroupPhoto,
  drawnDomainThresholds,
  drawPortrait,
  personFromSeed,
} from "@facekit/drawn-people";
import { exactIndex } from "@facekit/index-exact";
import { decodeImage, encodeImage, loadPack } from "@facekit/node";
import { afterAll, onTestFinished } from "vitest";
import { type RekognitionIndexOptions, rekognitionIndex } from "../src/index.js";
import { toyParts } from "./toy-engine.js";

/** A folder with weights that are not ours to ship: `FACEKIT_MODELS`, or `shared/models` beside the checkout. */
const folder = process.env.FACEKIT_MODELS ?? fileURLToPath(new URL("../../../../shared/models", import.meta.url));
const sharedModels = existsSync(folder) ? folder : undefined;

/** Packs that tell drawn people apart, and why one cannot be used here. */
export const packs: readonly { readonly pack: string; readonly whyNot?: string }[] = [
  { pack: "bundled" },
  {
    pack: "yunet+retail-0095",
    ...(sharedModels === undefined && {
      whyNot: "needs the weights of docs/models.md in a folder that FACEKIT_MODELS names",
    }),
  },
];

interface Parts {
  readonly detector: Detector;
  readonly embedder: Embedder;
}

/** The service's default threshold stands where drawn people are told apart: `@facekit/drawn-people` tells how it was measured. */
function confidenceOf({ embedder }: Parts): (cosine: number) => number {
  const threshold = drawnDomainThresholds[embedder.space.id]?.threshold ?? 1;
  return (cosine) =>
    cosine >= threshold ? 80 + (20 * (cosine - threshold)) / (1 - threshold) : (80 * (1 + cosine)) / (1 + threshold);
}

const loaded = new Map<string, Promise<Parts>>();
afterAll(async () => {
  for (const parts of loaded.values()) {
    const { detector, embedder } = await parts;
    await detector[Symbol.asyncDispose]();
    await embedder[Symbol.asyncDispose]();
  }
});

/** A server of its own for a test, over the models of a pack. */
export async function startServer(
  options: Partial<RekognitionServerOptions> = {},
  pack = "bundled",
): Promise<RekognitionServer> {
  const loading =
    loaded.get(pack) ?? loadPack(pack, sharedModels === undefined ? {} : { modelsDirectory: sharedModels });
  loaded.set(pack, loading);
  const parts = await loading;
  const engine = { ...parts, index: exactIndex(), decode: decodeImage };
  const server = await rekognitionServer({ engine, confidence: confidenceOf(parts), ...options });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await engine.index[Symbol.asyncDispose]();
  });
  return server;
}

/** A server without nets, for photos of `toyPhoto`. */
export async function startToyServer(options: Partial<RekognitionServerOptions> = {}): Promise<RekognitionServer> {
  const engine = { ...toyParts(), index: exactIndex(), decode: decodeImage };
  const server = await rekognitionServer({ engine, ...options });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await engine.index[Symbol.asyncDispose]();
  });
  return server;
}

export function connectionTo(
  server: RekognitionServer,
): Pick<RekognitionIndexOptions, "endpoint" | "region" | "credentials"> {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return { endpoint: server.endpoint, region: "eu-west-1", credentials };
}

export function indexAt(server: RekognitionServer, options: Partial<RekognitionIndexOptions> = {}): FaceIndex {
  const index = rekognitionIndex({
    ...connectionTo(server),
    encode: encodeImage,
    decode: decodeImage,
    // A busy machine is no fault of the service.
    timeoutMs: 60_000,
    ...options,
  });
  onTestFinished(() => index[Symbol.asyncDispose]());
  return index;
}

/** By seeds: the same person, the same picture, always. */
export function portraitFile(person: number, picture: number): Promise<Uint8Array> {
  return drawPortrait(personFromSeed(person), conditionsFromSeed(picture));
}

export async function portrait(person: number, picture: number): Promise<DecodedImage> {
  return decodeImage(await portraitFile(person, picture));
}

export async function groupPhoto(people: readonly number[], picture: number): Promise<DecodedImage> {
  const participants = people.map((person, i) => ({
    person: personFromSeed(person),
    conditions: conditionsFromSeed(picture + i),
  }));
  return decodeImage((await drawGroupPhoto(participants, { scene: conditionsFromSeed(picture) })).image);
}

export async function probeOf(index: FaceIndex, photo: DecodedImage): Promise<FaceProbe> {
  const [probe] = await index.probe(photo, { scene: "portrait" });
  if (probe === undefined) throw new Error("No face was found.");
  return probe;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The code of what a promise rejects with, or "fulfilled". */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "fulfilled",
    (error: unknown) => (isFaceKitError(error) ? error.code : error),
  );
}

/** Who is enrolled, with how many templates. */
export async function enrolledIn(index: FaceIndex, namespace = "shop"): Promise<[string, number][]> {
  return (await collect(index.members(namespace))).map(({ memberId, templates }) => [memberId, templates]);
}

/** The faces that enrolments left over. */
export async function straysIn(index: FaceIndex, namespace = "shop"): Promise<StrayFace[]> {
  if (index.strays === undefined) throw new Error("The index must tell its strays.");
  return collect(index.strays.list(namespace));
}
