import { faceRecordsConformance, vectorStoreConformance } from "@facekit/conformance";
import {
  type CloudinaryServer,
  type CloudinaryServerOptions,
  cloudinaryServer,
} from "@facekit/conformance/cloudinary-server";
import { createVectorStore, type FaceRecords, type VectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { afterAll, beforeAll, describe, test } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";
import { newFolder } from "./support.js";

const unlimited = { adminCallsPerHour: Number.MAX_SAFE_INTEGER };

function conforms(options: CloudinaryServerOptions): void {
  let server: CloudinaryServer;
  const folders = new WeakMap<FaceRecords, string>();
  const open = (folder: string): FaceRecords => {
    const records = cloudinaryFaceRecords({ url: server.url(), folder });
    folders.set(records, folder);
    return records;
  };
  beforeAll(async () => {
    server = await cloudinaryServer(options);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  faceRecordsConformance({
    test,
    create: () => open(newFolder()),
    reopen: (previous) => open(folders.get(previous) ?? ""),
    many: 300,
    namespaces: 24,
  });
}

describe("over a service without caches", () => conforms(unlimited));

describe("over stale caches and lists that lag", () => conforms({ ...unlimited, staleMs: 5000, listLagMs: 300 }));

describe("over a service where two may make one file", () =>
  conforms({ ...unlimited, settleMs: 3, tellsExisting: false }));

describe("as a vector store", () => {
  let server: CloudinaryServer;
  const folders = new WeakMap<VectorStore, string>();
  const open = (folder: string): VectorStore => {
    const records = cloudinaryFaceRecords({ url: server.url(), folder });
    const store = createVectorStore({ records, index: exactIndex() });
    folders.set(store, folder);
    return store;
  };
  beforeAll(async () => {
    server = await cloudinaryServer(unlimited);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  vectorStoreConformance({
    test,
    create: () => open(newFolder()),
    reopen: (previous) => open(folders.get(previous) ?? ""),
    many: 300,
  });
});
