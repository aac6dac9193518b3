import type { ObjectIdentifier, S3Client } from "@aws-sdk/client-s3";
import { type AwsConnectionOptions, awsOptionNames, awsService } from "@facekit/aws";
import {
  type CallOptions,
  checkId,
  checkKeys,
  checkPhoto,
  FaceKitError,
  type FaceKitErrorCode,
  isFaceKitError,
  type KeptPhoto,
  type PhotoStore,
  specVersion,
} from "@facekit/core";
import { groupOf, idOf, isSegment, segmentOf } from "./photo-keys.js";

type Sdk = typeof import("@aws-sdk/client-s3");

export interface S3PhotosOptions extends AwsConnectionOptions<S3Client> {
  /** It must be there; make it without versioning and without public access. */
  readonly bucket: string;
  /** What all keys begin with. Default `"facekit-photos/"`. */
  readonly prefix?: string;
  /** How S3 encrypts the photos: with its own keys, or with one of KMS. Default: as the bucket says. */
  readonly encryption?: "AES256" | { readonly kmsKeyId: string };
}

const adapterId = "members-dynamodb/photos";

/** Behind a photo's key: the ids, where they are too long for the key, with NUL between them. */
const namesSuffix = ".names";

/** Where a page of versions begins. */
interface VersionPlace {
  readonly KeyMarker?: string;
  readonly VersionIdMarker?: string;
}

/** What the bucket holds under a key. `unseen`: no listing of objects tells of it, since it was replaced or deleted. */
interface Version {
  readonly Key: string;
  readonly VersionId: string | undefined;
  readonly kind: "unseen" | "photo" | "names";
}

/**
 * Photos of members in a bucket of S3. Nobody but the bucket's owner may read them; no ACL is sent, since buckets refuse
 * ACLs by default and objects are private without one. A photo is written whole or not at all. In a bucket that keeps
 * versions all of a member's are erased.
 */
export function s3Photos(options: S3PhotosOptions): PhotoStore {
  checkKeys("s3Photos", options, ["bucket", "prefix", "encryption", ...awsOptionNames]);
  const { bucket: Bucket, prefix = "facekit-photos/", encryption, ...connection } = options;
  checkPlace(options);
  const service = awsService<Sdk, S3Client>({
    adapter: adapterId,
    prefix: "s3",
    client: "@aws-sdk/client-s3",
    load: () => import("@aws-sdk/client-s3"),
    create: (sdk, configuration) =>
      new sdk.S3Client({
        ...configuration,
        // Other servers than AWS's know no other checksums.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        forcePathStyle: configuration.endpoint !== undefined,
      }),
    options: connection,
    explain({ name, status, operation }) {
      const fail = (code: FaceKitErrorCode, message: string, retryable = false): FaceKitError =>
        new FaceKitError(code, message, { adapter: adapterId, retryable });
      if (name === "NoSuchBucket") {
        return fail("namespace-not-found", `There is no bucket "${Bucket}". Make it, or check its name.`);
      }
      if (name === "NoSuchKey") return fail("image-not-found", "There is no such photo.");
      if (name === "NotImplemented" || name === "MethodNotAllowed") {
        return fail("not-supported", `This server does not know s3:${operation}.`);
      }
      // Half an XML: the SDK's error has no name of its own.
      if (status === 200) return fail("service-unavailable", `The answer to s3:${operation} cannot be read.`, true);
      return undefined;
    },
  });

  const folderOf = (namespace: string, memberId?: string): string => {
    checkId("namespace", namespace);
    if (memberId !== undefined) checkId("memberId", memberId);
    return `${prefix}${segmentOf(namespace)}/${memberId === undefined ? "" : `${segmentOf(memberId)}/`}`;
  };
  const keyOf = (namespace: string, memberId: string, id: string): string => {
    checkId("photo id", id);
    return `${folderOf(namespace, memberId)}${segmentOf(id)}`;
  };

  const write = async (Key: string, Body: Uint8Array, callOptions: CallOptions | undefined): Promise<void> => {
    await service.call(
      "PutObject",
      (client, sdk, call) =>
        client.send(
          new sdk.PutObjectCommand({
            Bucket,
            Key,
            Body,
            CacheControl: "private, no-store",
            ...(encryption === "AES256" && { ServerSideEncryption: "AES256" }),
            ...(typeof encryption === "object" && {
              ServerSideEncryption: "aws:kms",
              SSEKMSKeyId: encryption.kmsKeyId,
            }),
          }),
          call,
        ),
      callOptions,
    );
  };

  const read = (Key: string, callOptions: CallOptions | undefined): Promise<Uint8Array | undefined> =>
    service
      .call(
        "GetObject",
        async (client, sdk, call) => {
          const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }), call);
          return Body?.transformToByteArray();
        },
        callOptions,
      )
      .catch((error: unknown) => {
        if (isFaceKitError(error, "image-not-found")) return undefined;
        throw error;
      });

  /** The objects under a prefix in the order of their keys. Holds one page, of 1,000. */
  async function* objects(
    Prefix: string,
    callOptions: CallOptions | undefined,
  ): AsyncGenerator<{ readonly key: string; readonly modified: Date | undefined }> {
    let token: string | undefined;
    do {
      const from = token;
      const page = await service.call(
        "ListBucket",
        (client, sdk, call) =>
          client.send(
            new sdk.ListObjectsV2Command({ Bucket, Prefix, ...(from !== undefined && { ContinuationToken: from }) }),
            call,
          ),
        callOptions,
      );
      for (const { Key, LastModified } of page.Contents ?? []) {
        callOptions?.signal?.throwIfAborted();
        if (Key !== undefined) yield { key: Key, modified: LastModified };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /**
   * All that the bucket holds under a prefix, what it keeps of photos that were replaced or deleted too. Holds one page, of
   * 1,000.
   */
  async function* versions(Prefix: string, callOptions: CallOptions | undefined): AsyncGenerator<Version> {
    let from: VersionPlace | undefined = {};
    while (from !== undefined) {
      const start: VersionPlace = from;
      const page = await service.call(
        "ListBucketVersions",
        (client, sdk, call) => client.send(new sdk.ListObjectVersionsCommand({ Bucket, Prefix, ...start }), call),
        callOptions,
      );
      for (const { Key, VersionId, IsLatest } of page.Versions ?? []) {
        if (Key !== undefined) yield { Key, VersionId, kind: IsLatest === false ? "unseen" : kindOf(Key) };
      }
      for (const { Key, VersionId } of page.DeleteMarkers ?? []) {
        if (Key !== undefined) yield { Key, VersionId, kind: "unseen" };
      }
      const { IsTruncated, NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      from =
        IsTruncated === true && KeyMarker !== undefined
          ? { KeyMarker, ...(VersionIdMarker !== undefined && { VersionIdMarker }) }
          : undefined;
    }
  }

  /** The same, where the server may know of no versions. */
  async function* held(Prefix: string, callOptions: CallOptions | undefined): AsyncGenerator<Version> {
    try {
      yield* versions(Prefix, callOptions);
    } catch (error) {
      if (!isFaceKitError(error, "not-supported")) throw error;
      for await (const { key } of objects(Prefix, callOptions)) {
        yield { Key: key, VersionId: undefined, kind: kindOf(key) };
      }
    }
  }

  /** Deletes up to 1,000 objects. */
  const remove = async (keys: readonly ObjectIdentifier[], callOptions: CallOptions | undefined): Promise<void> => {
    let left = [...keys];
    await service.call(
      "DeleteObject",
      async (client, sdk, call) => {
        const answer = await client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects: left } }), call);
        const [failure] = answer.Errors ?? [];
        if (failure === undefined) return;
        const failed = new Set(answer.Errors?.map(({ Key }) => Key));
        left = left.filter(({ Key }) => failed.has(Key));
        const denied = failure.Code === "AccessDenied";
        throw new FaceKitError(
          denied ? "access-denied" : "service-unavailable",
          `S3 did not delete ${failed.size} photos (${failure.Code}).`,
          { adapter: adapterId, retryable: !denied },
        );
      },
      callOptions,
    );
  };

  /** The ids of a photo, from its key or from the object beside it. Undefined where that is gone: it is being erased. */
  const idsOf = async (
    [member = "", photo = ""]: readonly string[],
    key: string,
    callOptions: CallOptions | undefined,
  ): Promise<{ readonly memberId: string; readonly id: string } | undefined> => {
    const [memberId, id] = [idOf(member), idOf(photo)];
    if (memberId !== undefined && id !== undefined) return { memberId, id };
    const names = await read(`${key}${namesSuffix}`, callOptions);
    if (names === undefined) return undefined;
    const [namedMember, namedId] = Buffer.from(names).toString().split("\0");
    if (namedMember === undefined || namedId === undefined) {
      throw new FaceKitError("store-corrupt", `"${key}${namesSuffix}" does not hold two ids.`, { adapter: adapterId });
    }
    return { memberId: namedMember, id: namedId };
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },

    async put(namespace, memberId, id, photo, callOptions) {
      checkPhoto(memberId, id, photo);
      const key = keyOf(namespace, memberId, id);
      // First: a photo whose ids nobody can tell could not be listed.
      if (idOf(segmentOf(memberId)) === undefined || idOf(segmentOf(id)) === undefined) {
        await write(`${key}${namesSuffix}`, Buffer.from(`${memberId}\0${id}`), callOptions);
      }
      await write(key, photo, callOptions);
    },

    async get(namespace, memberId, id, callOptions) {
      return read(keyOf(namespace, memberId, id), callOptions);
    },

    async *list(namespace, callOptions) {
      const folder = folderOf(namespace);
      let group = "";
      let held: KeptPhoto[] = [];
      for await (const { key, modified } of objects(folder, callOptions)) {
        const segments = key.slice(folder.length).split("/");
        const [member = "", photo = ""] = segments;
        // Names of photos, and what others put there.
        if (segments.length !== 2 || !isSegment(member) || !isSegment(photo)) continue;
        const ids = await idsOf(segments, key, callOptions);
        if (ids === undefined) continue;
        // The order is that of the keys, but for those of long ids that begin alike.
        const next = groupOf(member) === member ? `${member}/${groupOf(photo)}` : groupOf(member);
        if (next !== group) {
          yield* held.sort(byIds);
          held = [];
        }
        group = next;
        held.push({ ...ids, ...(modified !== undefined && { keptAt: modified }) });
      }
      yield* held.sort(byIds);
    },

    async deleteMember(namespace, memberId, callOptions) {
      const folder = folderOf(namespace, memberId);
      const found = { unseen: 0, photo: 0, names: 0 };
      for await (const { kind } of held(folder, callOptions)) found[kind]++;
      // What `list` does not tell goes first and names at last: so it tells of whatever photo a broken deletion leaves.
      for (const wanted of ["unseen", "photo", "names"] as const) {
        if (found[wanted] === 0) continue;
        let batch: ObjectIdentifier[] = [];
        for await (const { kind, ...version } of held(folder, callOptions)) {
          if (kind !== wanted) continue;
          batch.push(version);
          if (batch.length < 1_000) continue;
          await remove(batch, callOptions);
          batch = [];
        }
        if (batch.length > 0) await remove(batch, callOptions);
      }
      return found.photo;
    },

    async [Symbol.asyncDispose]() {
      await service.close();
    },
  };
}

function kindOf(key: string): "photo" | "names" {
  return key.endsWith(namesSuffix) ? "names" : "photo";
}

function checkPlace({ bucket, prefix = "", encryption }: S3PhotosOptions): void {
  const invalid = (message: string): FaceKitError =>
    new FaceKitError("invalid-argument", message, { adapter: adapterId });
  if (typeof bucket !== "string" || !/^[\w.:/-]{3,255}$/.test(bucket)) {
    throw invalid(`bucket wants the name of a bucket; got ${JSON.stringify(bucket)}.`);
  }
  if (typeof prefix !== "string" || !/^[\w./-]{0,64}$/.test(prefix) || /(^|\/)\.{0,2}\//.test(prefix)) {
    throw invalid(`prefix wants up to 64 of a-z, A-Z, 0-9, "_", "-", "." and "/"; got ${JSON.stringify(prefix)}.`);
  }
  const keyed = typeof encryption === "object" && encryption !== null && typeof encryption.kmsKeyId === "string";
  if (encryption !== undefined && encryption !== "AES256" && !keyed) {
    throw invalid('encryption wants "AES256" or { kmsKeyId }.');
  }
}

function byIds(a: KeptPhoto, b: KeptPhoto): number {
  if (a.memberId !== b.memberId) return a.memberId < b.memberId ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
