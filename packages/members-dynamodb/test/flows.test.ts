import { randomUUID } from "node:crypto";
import { afterAll, vi } from "vitest";
import { toyFaces, toyFlows } from "../../conformance/test/toy-flows.js";
import { dynamodbMembers, s3Photos } from "../src/index.js";
import { localDynamodb, localS3 } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

const { close: closeTables, ...tables } = await localDynamodb();
const { close: closeBuckets, ...buckets } = await localS3("photos");
afterAll(async () => {
  await closeTables();
  await closeBuckets();
});

toyFlows("members in DynamoDB, photos in S3", () => ({
  index: toyFaces(),
  members: dynamodbMembers({ ...tables, table: `members-${randomUUID()}`, createTable: true }),
  photos: s3Photos({ ...buckets, bucket: "photos", prefix: `${randomUUID()}/` }),
}));
