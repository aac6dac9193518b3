import { randomUUID } from "node:crypto";
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { memberSourceConformance, photoStoreConformance } from "@facekit/conformance";
import type { MemberSource, PhotoStore } from "@facekit/core";
import { afterAll, describe, test, vi } from "vitest";
import { dynamodbMembers, s3Photos } from "../src/index.js";
import { collect } from "./support.js";

vi.setConfig({ testTimeout: 600_000 });

const table = process.env.FACEKIT_LIVE_DYNAMODB_TABLE;
const bucket = process.env.FACEKIT_LIVE_S3_BUCKET;

describe.skipIf(table === undefined)("members in AWS (needs FACEKIT_LIVE_DYNAMODB_TABLE and credentials)", () => {
  const used = new Map<MemberSource, { readonly place: string; readonly namespaces: Set<string> }>();

  /** The suite's namespaces under a random name, and what was used of them. */
  const open = (place: string, namespaces: Set<string>): MemberSource => {
    const source = dynamodbMembers({ ...(table !== undefined && { table }), createTable: true });
    const own = (namespace: string): string => {
      if (namespace === "" || namespace.length > 512 - place.length || /\0|\ud83d$/.test(namespace)) return namespace;
      namespaces.add(`${place}${namespace}`);
      return `${place}${namespace}`;
    };
    const { linkFaces, merge } = source;
    const apart: MemberSource = {
      ...source,
      get: (namespace, ...rest) => source.get(own(namespace), ...rest),
      list: (namespace, ...rest) => source.list(own(namespace), ...rest),
      put: (namespace, ...rest) => source.put(own(namespace), ...rest),
      ...(merge && { merge: (namespace, ...rest) => merge(own(namespace), ...rest) }),
      ...(linkFaces && { linkFaces: (namespace, ...rest) => linkFaces(own(namespace), ...rest) }),
      delete: (namespace, ...rest) => source.delete(own(namespace), ...rest),
      purchases: (namespace, ...rest) => source.purchases(own(namespace), ...rest),
      addPurchase: (namespace, ...rest) => source.addPurchase(own(namespace), ...rest),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
    used.set(apart, { place, namespaces });
    return apart;
  };

  afterAll(async () => {
    await using source = dynamodbMembers({ ...(table !== undefined && { table }) });
    for (const namespace of new Set([...used.values()].flatMap(({ namespaces }) => [...namespaces]))) {
      for (const { id } of await collect(source.list(namespace))) await source.delete(namespace, id);
    }
  });

  memberSourceConformance({
    test,
    create: () => open(`${randomUUID()}/`, new Set()),
    reopen: (previous) => {
      const { place = "", namespaces = new Set<string>() } = used.get(previous) ?? {};
      return open(place, namespaces);
    },
  });
});

describe.skipIf(bucket === undefined)("photos in AWS (needs FACEKIT_LIVE_S3_BUCKET and credentials)", () => {
  const prefixes = new Map<PhotoStore, string>();
  const open = (prefix: string): PhotoStore => {
    const store = s3Photos({ bucket: bucket ?? "", prefix });
    prefixes.set(store, prefix);
    return store;
  };

  afterAll(async () => {
    const client = new S3Client({});
    for (const Prefix of new Set(prefixes.values())) {
      for (;;) {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
        const Objects = Contents.map(({ Key }) => ({ Key }));
        if (Objects.length === 0) break;
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
      }
    }
    client.destroy();
  });

  photoStoreConformance({
    test,
    create: () => open(`facekit-photos/test-${randomUUID()}/`),
    reopen: (previous) => open(prefixes.get(previous) ?? ""),
  });
});
