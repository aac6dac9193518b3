import { photoStoreConformance } from "@facekit/conformance";
import type { PhotoStore } from "@facekit/core";
import { afterAll, test, vi } from "vitest";
import { s3Photos } from "../src/index.js";
import { localS3 } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

const server = await localS3("photos");
afterAll(() => server.close());
const { close: _, ...place } = server;

const prefixes = new Map<PhotoStore, string>();
const open = (prefix: string): PhotoStore => {
  const store = s3Photos({ ...place, bucket: "photos", prefix });
  prefixes.set(store, prefix);
  return store;
};

photoStoreConformance({
  test,
  create: () => open(`test-${prefixes.size}/`),
  reopen: (previous) => open(prefixes.get(previous) ?? ""),
});
