import { randomUUID } from "node:crypto";
import { memberSourceConformance } from "@facekit/conformance";
import { faultyMemberSourceConformance } from "@facekit/conformance/faults";
import type { MemberSource } from "@facekit/core";
import { afterAll, test, vi } from "vitest";
import { dynamodbMembers } from "../src/index.js";
import { localDynamodb } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

const server = await localDynamodb();
afterAll(() => server.close());
const { close: _, ...place } = server;

const tables = new Map<MemberSource, string>();
const open = (table: string): MemberSource => {
  const source = dynamodbMembers({ ...place, table, createTable: true });
  tables.set(source, table);
  return source;
};

memberSourceConformance({
  test,
  create: () => open(`members-${randomUUID()}`),
  reopen: (previous) => open(tables.get(previous) ?? ""),
});

faultyMemberSourceConformance({
  test,
  url: server.endpoint,
  create: () => {
    const table = `members-${randomUUID()}`;
    return (endpoint) => dynamodbMembers({ ...place, endpoint, table, createTable: true });
  },
});
