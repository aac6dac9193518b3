import { expect, test, vi } from "vitest";
import { type S3PhotosOptions, s3Photos } from "../src/index.js";
import { idOf, segmentOf } from "../src/photo-keys.js";
import { type Meddle, meddlingProxy, type Reply } from "./meddling-proxy.js";
import { collect, credentials, localS3 } from "./support.js";

vi.setConfig({ testTimeout: 120_000 });

const photo = Uint8Array.of(1, 2, 3);
const xml = (body: string, status = 200): Reply => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
});
const failure = (status: number, code: string): Reply =>
  xml(`<Error><Code>${code}</Code><Message>no</Message></Error>`, status);

async function store(meddle: Meddle, options: Partial<S3PhotosOptions> = {}) {
  const { endpoint, passed } = await meddlingProxy(undefined, meddle);
  return { photos: s3Photos({ endpoint, credentials, region: "us-east-1", bucket: "photos", ...options }), passed };
}

test("segments of keys are in the order of the ids, and tell them again", () => {
  const ids = [
    "a",
    "a\u0001",
    "a-b",
    "a/b",
    "aa",
    "B",
    "ä",
    "z".repeat(100),
    "\u{1f600}",
    "\ue000",
    "\uffff",
    "\u{10ffff}",
  ];
  const sorted = [...ids].sort();
  expect([...ids].sort((a, b) => (segmentOf(a) < segmentOf(b) ? -1 : 1))).toEqual(sorted);
  // As they stand in a key, with what comes behind them.
  expect([...ids].sort((a, b) => (`${segmentOf(a)}/` < `${segmentOf(b)}/` ? -1 : 1))).toEqual(sorted);
  for (const id of ids) expect([id, idOf(segmentOf(id))]).toEqual([id, id]);
  // As in docs/members-dynamodb.md, and in buckets that are in use.
  expect(["default", "ada", "front"].map(segmentOf)).toEqual(["CHIMCOBLDHQ0", "C5I62", "CPP6URJK"]);
  expect(idOf(segmentOf("z".repeat(101)))).toBeUndefined();
  for (const id of ["語".repeat(512), "\uffff".repeat(512)]) expect(segmentOf(id)).toMatch(/^[0-9A-W]{213}$/);
});

test("ids too long for a key are listed in their order among others that begin alike, and erased with their names", async () => {
  const server = await localS3("photos");
  const { close, ...place } = server;
  const photos = s3Photos({ ...place, bucket: "photos" });
  const start = "x".repeat(110);
  const members = ["x", `${start}`, `${start}a`, `${start}b`, `${start}${"語".repeat(300)}`, "y"];
  const ids = ["1", `${start}1`, `${start}2`];
  for (const memberId of [...members].reverse()) for (const id of ids) await photos.put("n", memberId, id, photo);
  const expected = members.flatMap((memberId) => ids.map((id) => [memberId, id]));
  expect((await collect(photos.list("n"))).map(({ memberId, id }) => [memberId, id])).toEqual(expected);
  for (const memberId of members) expect(await photos.deleteMember("n", memberId)).toBe(3);
  const { endpoint, passed } = await meddlingProxy(place.endpoint, (_, forward) => forward());
  expect(await collect(s3Photos({ ...place, endpoint, bucket: "photos" }).list("n"))).toEqual([]);
  expect(passed).toHaveLength(1);
  const all = await forwardedList(place.endpoint);
  expect(all).not.toContain("<Key>");
  await close();
});

/** What is left in the bucket, as S3 tells it. */
async function forwardedList(endpoint: string): Promise<string> {
  return (await fetch(`${endpoint}/photos?list-type=2`)).text();
}

test("a photo is sent without an ACL, not to be cached, and encrypted as was asked", async () => {
  const wanted = [
    [{}, undefined, undefined],
    [{ encryption: "AES256" }, "AES256", undefined],
    [{ encryption: { kmsKeyId: "key-1" } }, "aws:kms", "key-1"],
  ] as const;
  for (const [options, algorithm, key] of wanted) {
    const { photos, passed } = await store(() => ({ status: 200, body: "" }), options);
    await photos.put("n", "ann", "1", photo);
    const { headers, body } = passed[0] ?? {};
    expect(headers?.["x-amz-acl"]).toBeUndefined();
    expect(headers?.["cache-control"]).toBe("private, no-store");
    expect(headers?.["x-amz-server-side-encryption"]).toBe(algorithm);
    expect(headers?.["x-amz-server-side-encryption-aws-kms-key-id"]).toBe(key);
    expect(body).toEqual(Buffer.from(photo));
  }
});

interface KeptVersion {
  readonly key: string;
  readonly id: string;
  /** Undefined: a mark of deletion. */
  readonly bytes: Buffer | undefined;
}

/** A bucket that keeps versions, as far as photos need it. */
class VersionedBucket {
  /** Newest last. */
  versions: KeptVersion[] = [];
  #written = 0;

  isLatest(version: KeptVersion): boolean {
    return this.versions.findLast(({ key }) => key === version.key) === version;
  }

  answer: Meddle = ({ method, url, body }) => {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const key = decodeURIComponent(pathname.replace("/photos/", ""));
    if (method === "PUT") {
      this.#keep(key, body);
      return { status: 200, body: "" };
    }
    if (method === "POST") {
      const asked = [...body.toString().matchAll(/<Key>([^<]+)<\/Key>(?:<VersionId>(\w+)<\/VersionId>)?/g)];
      for (const [, deleted = "", id] of asked) {
        if (id === undefined) this.#keep(deleted, undefined);
        else this.versions = this.versions.filter((each) => each.key !== deleted || each.id !== id);
      }
      return xml("<DeleteResult></DeleteResult>");
    }
    const found = this.versions.filter((each) => each.key.startsWith(searchParams.get("prefix") ?? ""));
    if (searchParams.has("versions")) {
      const list = found.map((version) => {
        const kind = version.bytes === undefined ? "DeleteMarker" : "Version";
        const latest = `<IsLatest>${this.isLatest(version)}</IsLatest>`;
        return `<${kind}><Key>${version.key}</Key><VersionId>${version.id}</VersionId>${latest}</${kind}>`;
      });
      return xml(`<ListVersionsResult><IsTruncated>false</IsTruncated>${list.join("")}</ListVersionsResult>`);
    }
    const seen = (each: KeptVersion): boolean => each.bytes !== undefined && this.isLatest(each);
    if (searchParams.has("list-type")) {
      const keys = found.filter(seen).map((each) => each.key);
      const contents = keys.sort().map((each) => `<Contents><Key>${each}</Key></Contents>`);
      return xml(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`);
    }
    const read = this.versions.find((each) => each.key === key && seen(each));
    return read?.bytes === undefined ? failure(404, "NoSuchKey") : { status: 200, body: read.bytes };
  };

  delete(key: string): void {
    this.#keep(key, undefined);
  }

  #keep(key: string, bytes: Buffer | undefined): void {
    this.versions.push({ key, id: `v${++this.#written}`, bytes });
  }
}

test("in a bucket that keeps versions, none survives a deletion, wherever it broke off before, and until then photos are listed", async () => {
  const long = "x".repeat(300);
  for (let calls = 0; ; calls++) {
    expect(calls).toBeLessThan(30);
    const bucket = new VersionedBucket();
    let left = Number.POSITIVE_INFINITY;
    const { photos } = await store((passing, forward) =>
      left-- > 0 ? bucket.answer(passing, forward) : failure(403, "AccessDenied"),
    );
    for (const id of ["1", "1", "2", long]) await photos.put("n", "ann", id, photo);
    await photos.put("n", "bob", "1", photo);
    // By somebody else, who did not know of versions.
    bucket.delete(`facekit-photos/${segmentOf("n")}/${segmentOf("ann")}/${segmentOf("2")}`);
    left = calls;
    const deleted = await photos.deleteMember("n", "ann").catch(() => undefined);
    left = Number.POSITIVE_INFINITY;
    const ofAnn = () => bucket.versions.filter(({ key }) => key.includes(`/${segmentOf("ann")}/`));
    const listed = (await collect(photos.list("n"))).filter(({ memberId }) => memberId === "ann");
    const remain = ofAnn().some(({ key, bytes }) => bytes !== undefined && !key.endsWith(".names"));
    expect([calls, listed.length > 0]).toEqual([calls, remain]);
    if (deleted === undefined) await photos.deleteMember("n", "ann");
    expect(ofAnn()).toEqual([]);
    expect(await collect(photos.list("n"))).toMatchObject([{ memberId: "bob" }]);
    if (deleted === undefined) continue;
    expect(deleted).toBe(2);
    expect(calls).toBeGreaterThan(5);
    return;
  }
});

test("versions of photos that nothing lists any more are erased", async () => {
  const bucket = new VersionedBucket();
  const { photos } = await store(bucket.answer);
  await photos.put("n", "ann", "1", photo);
  bucket.delete(`facekit-photos/${segmentOf("n")}/${segmentOf("ann")}/${segmentOf("1")}`);
  expect(await collect(photos.list("n"))).toEqual([]);
  await photos.deleteMember("n", "ann");
  expect(bucket.versions).toEqual([]);
});

test("what S3 did not delete is deleted after all, or told", async () => {
  const keys = ["1", "2", "3"].map((id) => `facekit-photos/${segmentOf("n")}/${segmentOf("ann")}/${segmentOf(id)}`);
  for (const [code, expected] of [
    ["InternalError", undefined],
    ["AccessDenied", "access-denied"],
  ] as const) {
    const there = new Set(keys);
    const { photos } = await store(({ url, body }) => {
      if (url.includes("versions")) {
        const found = [...there]
          .map((key) => `<Version><Key>${key}</Key><VersionId>null</VersionId></Version>`)
          .join("");
        return xml(`<ListVersionsResult>${found}<IsTruncated>false</IsTruncated></ListVersionsResult>`);
      }
      // One at a time.
      const [first = "", ...rest] = [...body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => key ?? "");
      there.delete(first);
      const errors = rest.map((key) => `<Error><Key>${key}</Key><Code>${code}</Code></Error>`).join("");
      return xml(`<DeleteResult><Deleted><Key>${first}</Key></Deleted>${errors}</DeleteResult>`);
    });
    const deleting = photos.deleteMember("n", "ann");
    if (expected === undefined) {
      expect(await deleting).toBe(3);
      expect(there.size).toBe(0);
    } else await expect(deleting).rejects.toMatchObject({ code: expected });
  }
});

const lasting: readonly (readonly [string, Reply, object])[] = [
  ["SlowDown", failure(503, "SlowDown"), { code: "service-unavailable", retryable: true }],
  ["an expired token", failure(400, "ExpiredToken"), { code: "access-denied" }],
  ["a policy that does not allow it", failure(403, "AccessDenied"), { code: "access-denied" }],
  ["a missing bucket", failure(404, "NoSuchBucket"), { code: "namespace-not-found" }],
  ["a 500", failure(500, "InternalError"), { code: "service-unavailable", retryable: true }],
  ["a proxy's page", { status: 502, body: "<html>Bad gateway" }, { code: "service-unavailable", retryable: true }],
];

for (const [what, reply, error] of lasting) {
  test(`${what}: a typed error`, async () => {
    const { photos } = await store(() => reply, "retryable" in error ? { timeoutMs: 500 } : {});
    for (const call of [
      () => photos.get("n", "ann", "1"),
      () => photos.put("n", "ann", "1", photo),
      () => photos.deleteMember("n", "ann"),
      () => collect(photos.list("n")),
    ]) {
      await expect(call()).rejects.toMatchObject({ ...error, adapter: "members-dynamodb/photos" });
    }
  });
}

test("half of a list is none", async () => {
  const half = `<?xml version="1.0"?><ListBucketResult><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>`;
  const { photos } = await store(() => ({ status: 200, body: half }), { timeoutMs: 500 });
  await expect(collect(photos.list("n"))).rejects.toMatchObject({ code: "service-unavailable", retryable: true });
});

test("what others put under the prefix is not listed", async () => {
  const folder = `facekit-photos/${segmentOf("n")}/`;
  const keys = ["readme.txt", "holiday/beach.jpg", `${segmentOf("ann")}/${segmentOf("1")}`, `${segmentOf("ann")}/a/b`];
  const { photos } = await store(() =>
    xml(
      `<ListBucketResult>${keys.map((key) => `<Contents><Key>${folder}${key}</Key></Contents>`).join("")}</ListBucketResult>`,
    ),
  );
  expect(await collect(photos.list("n"))).toEqual([{ memberId: "ann", id: "1" }]);
});

test("options that are none are refused with their name", () => {
  const bad = [
    {},
    { bucket: "a" },
    { bucket: "abc", prefix: "a//b" },
    { bucket: "abc", prefix: "../" },
    { bucket: "abc", encryption: "none" },
    { bucket: "abc", acl: "public" },
  ];
  for (const options of bad) {
    expect(() => s3Photos(options as S3PhotosOptions)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
});
