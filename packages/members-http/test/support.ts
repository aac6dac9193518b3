import { readFileSync } from "node:fs";
import { type MembersApi, type MembersApiOptions, startMembersApi } from "@facekit/conformance/members-api";
import { onTestFinished } from "vitest";
import { type HttpMemberSourceOptions, httpMemberSource } from "../src/index.js";

/** The configuration of the sample API that `docs/members-http.md` shows. */
export const sample: HttpMemberSourceOptions = {
  ...JSON.parse(readFileSync(new URL("../../../examples/members-api/members.json", import.meta.url), "utf8")),
  environment: { MEMBERS_API_USER: "desk", MEMBERS_API_PASSWORD: "open sesame" },
  // Tests are not to wait for it.
  requestsPerSecond: 1e6,
};

export async function sampleApi(options?: MembersApiOptions): Promise<MembersApi> {
  const api = await startMembersApi(options);
  onTestFinished(() => api.close());
  return api;
}

export function sampleSource(
  url: string,
  options: Partial<HttpMemberSourceOptions> = {},
): ReturnType<typeof httpMemberSource> {
  return httpMemberSource({ ...sample, baseUrl: `${url}/v1`, ...options });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
