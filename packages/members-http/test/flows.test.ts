import { memoryPhotoStore } from "@facekit/core";
import { vi } from "vitest";
import { toyFaces, toyFlows } from "../../conformance/test/toy-flows.js";
import { httpMemberSource } from "../src/index.js";
import { sample, sampleApi, sampleSource } from "./support.js";

vi.setConfig({ testTimeout: 120_000 });

toyFlows("members of the sample API", async () => {
  const { url } = await sampleApi();
  return { index: toyFaces(), members: sampleSource(url), photos: memoryPhotoStore() };
});

toyFlows("an API that takes members only whole", async () => {
  const { url } = await sampleApi();
  const { merge: _, ...whole } = sample;
  return { index: toyFaces(), members: httpMemberSource({ ...whole, baseUrl: `${url}/v1` }) };
});

toyFlows("an API that is only read", async () => {
  const { url } = await sampleApi();
  const { put, merge, delete: _, addPurchase, ...reading } = sample;
  return { index: toyFaces(), members: httpMemberSource({ ...reading, baseUrl: `${url}/v1` }) };
});
