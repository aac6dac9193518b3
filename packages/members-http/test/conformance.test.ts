import { randomUUID } from "node:crypto";
import { memberSourceConformance } from "@facekit/conformance";
import { faultyMemberSourceConformance } from "@facekit/conformance/faults";
import { type MembersApi, startMembersApi } from "@facekit/conformance/members-api";
import type { MemberSource } from "@facekit/core";
import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { httpMemberSource } from "../src/index.js";
import { sample, sampleSource } from "./support.js";

vi.setConfig({ testTimeout: 120_000 });

describe("over the sample API", () => {
  const apis = new Map<MemberSource, MembersApi>();
  afterAll(() => Promise.all([...apis.values()].map((api) => api.close())));

  memberSourceConformance({
    test,
    async create() {
      const api = await startMembersApi();
      const source = sampleSource(api.url);
      apis.set(source, api);
      return source;
    },
    reopen: (previous) => sampleSource(apis.get(previous)?.url ?? ""),
  });
});

describe("read only, in an order of the API's own, by numbers of pages", () => {
  let api: MembersApi;
  beforeAll(async () => {
    api = await startMembersApi();
  });
  afterAll(() => api.close());

  memberSourceConformance({
    test,
    create: () => {
      const { put, merge, delete: _, addPurchase, purchases, list, ...rest } = sample;
      const paging = { kind: "offset", parameter: "offset" } as const;
      return httpMemberSource({
        ...rest,
        baseUrl: `${api.url}/v1`,
        list: { path: "/{namespace}/customers", at: "data.customers", paging },
      });
    },
  });
});

const faultless = await startMembersApi();
afterAll(() => faultless.close());

faultyMemberSourceConformance({
  test,
  url: faultless.url,
  create: () => {
    const place = randomUUID();
    // Another venue for each test.
    const text = JSON.stringify(sample).replaceAll("{namespace}", `{namespace}-${place}`);
    return (url) => httpMemberSource({ ...JSON.parse(text), baseUrl: `${url.replace(/\/$/, "")}/v1` });
  },
});
