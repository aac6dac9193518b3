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

/** What tells drawn people apart: `@facekit/drawn-people` tells how it was measured. */
const threshold = drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold ?? 1;

/** The service's default threshold stands where drawn people are told apart. */
function confidence(cosine: number): number {
  return cosine >= threshold
    ? 80 + (20 * (cosine - threshold)) / (1 - threshold)
    : (80 * (1 + cosine)) / (1 + threshold);
}

let pack: Promise<{ readonly detector: Detector; readonly embedder: Embedder }> | undefined;
afterAll(async () => {
  const parts = await pack;
  await parts?.detector[Symbol.asyncDispose]();
  await parts?.embedder[Symbol.asyncDispose]();
});

/** A server of its own for a test, over the bundled models. */
export async function startServer(options: Partial<RekognitionServerOptions> = {}): Promise<RekognitionServer> {
  pack ??= loadPack("bundled");
  const engine = { ...(await pack), index: exactIndex(), decode: decodeImage };
  const server = await rekognitionServer({ engine, confidence, ...options });
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
    ...options,
  });
  onTestFinished(() => index[Symbol.asyncDispose]());
  return index;
}

/** By seeds: the same person, the same picture, always. */
export async function portrait(person: number, picture: number): Promise<DecodedImage> {
  return decodeImage(await drawPortrait(personFromSeed(person), conditionsFromSeed(picture)));
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
