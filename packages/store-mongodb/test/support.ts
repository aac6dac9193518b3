import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { onTestFinished } from "vitest";

export { recordOf, space, vectorOf } from "./fixtures/templates.js";

/** The server that the tests may write to. */
export const uri: string | undefined = process.env.MONGODB_URI;

/** A server with a search of its own: Atlas, or MongoDB 8.2 or newer with mongot. */
export const atlasUri: string | undefined = process.env.ATLAS_URI;

/** What the names of tests say that are skipped without it. */
export const whereFrom =
  "needs MONGODB_URI: node scripts/servers.mjs --install ferretdb -- npx vitest run packages/store-mongodb";

/** The name of a database of its own, which is dropped after the test. */
export function temporaryDatabase(url: string): string {
  const name = `facekit-test-${randomUUID()}`;
  onTestFinished(async () => {
    const client = new MongoClient(url);
    await client.db(name).dropDatabase();
    await client.close();
  });
  return name;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
