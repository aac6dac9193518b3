import { randomUUID } from "node:crypto";
import {
  type CloudinaryServer,
  type CloudinaryServerOptions,
  cloudinaryServer,
} from "@facekit/conformance/cloudinary-server";
import type { FaceKitError, FaceRecords } from "@facekit/core";
import { isFaceKitError } from "@facekit/core";
import { onTestFinished } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";

export { recordOf, space } from "./fixtures/templates.js";

export function newFolder(): string {
  return `test-${randomUUID()}`;
}

export async function serverForTest(options?: CloudinaryServerOptions): Promise<CloudinaryServer> {
  const server = await cloudinaryServer(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** Failing requests are begun again for half a second. */
export function recordsOn(server: CloudinaryServer, folder: string = "facekit"): FaceRecords {
  return cloudinaryFaceRecords({ url: server.url(), folder, deadlineMs: 500, timeoutMs: 2000 });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function failureOf(call: Promise<unknown>): Promise<FaceKitError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isFaceKitError(error)) return error;
  throw new Error(`Expected a FaceKitError, got ${String(error)}.`);
}
