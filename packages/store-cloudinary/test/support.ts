import { randomUUID } from "node:crypto";
import {
  type CloudinaryServer,
  type CloudinaryServerOptions,
  cloudinaryServer,
} from "@facekit/conformance/cloudinary-server";
import type { FaceKitError, FaceRecords } from "@facekit/core";
import { isFaceKitError } from "@facekit/core";
import { v2 } from "cloudinary";
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

export function recordsOn(server: CloudinaryServer, folder: string = "facekit"): FaceRecords {
  return cloudinaryFaceRecords({ url: server.url(), folder, deadlineMs: 60_000, timeoutMs: 60_000 });
}

/** For services that only fail: requests are begun again for half a second. */
export function impatientRecordsOn(server: CloudinaryServer): FaceRecords {
  return cloudinaryFaceRecords({ url: server.url(), deadlineMs: 500, timeoutMs: 60_000 });
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

export interface SdkRequest {
  /** `upload`, `explicit`, `destroy` or `resources`. */
  readonly action: string;
  /** Empty for lists. */
  readonly publicId: string;
}

/** The SDK, of which each request goes through `around`; `send` sends it. */
export function tampered(around: (request: SdkRequest, send: () => Promise<unknown>) => Promise<unknown>): typeof v2 {
  const through = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]): Promise<unknown> => {
          const named = typeof args[0] === "string" && !args[0].startsWith("data:") ? args[0] : undefined;
          const publicId = String(named ?? Reflect.get(Object(args[1]), "public_id") ?? "");
          return around({ action: String(name), publicId }, () => Reflect.apply(method, target, args));
        };
      },
    });
  const [uploader, api] = [through(v2.uploader), through(v2.api)];
  return new Proxy(v2, {
    get: (target, name) => {
      if (name === "uploader") return uploader;
      return name === "api" ? api : Reflect.get(target, name);
    },
  });
}
