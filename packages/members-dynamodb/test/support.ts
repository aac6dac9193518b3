/// <reference path="./servers.d.ts" />
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import dynalite from "dynalite";
import S3rver from "s3rver";

/** Of no account. */
export const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/** How tests reach a server of their own. */
export interface Place {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: typeof credentials;
}

export interface LocalServer extends Place {
  close(): Promise<void>;
}

/** A server that speaks DynamoDB's protocol, with its tables in memory. */
export async function localDynamodb(): Promise<LocalServer> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    region: "eu-west-1",
    credentials,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A server that speaks S3's protocol, over a folder that is removed with it. */
export async function localS3(...buckets: readonly string[]): Promise<LocalServer> {
  const directory = await mkdtemp(join(tmpdir(), "facekit-s3-"));
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: buckets.map((name) => ({ name })),
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials,
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** How many items a table holds, whoever wrote them. */
export async function itemsIn(place: Place, table: string): Promise<number> {
  const client = new DynamoDBClient(place);
  const { Count = 0 } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  client.destroy();
  return Count;
}

/** How many objects a bucket holds under a prefix, whoever wrote them. */
export async function objectsIn(place: Place, bucket: string, prefix: string): Promise<number> {
  const client = new S3Client({ ...place, forcePathStyle: true });
  const { KeyCount = 0 } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  client.destroy();
  return KeyCount;
}
