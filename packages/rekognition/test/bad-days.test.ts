import {
  CompareFacesCommand,
  DeleteCollectionCommand,
  DescribeCollectionCommand,
  RekognitionClient,
} from "@aws-sdk/client-rekognition";
import type { RekognitionFault, RekognitionServer } from "@facekit/conformance/rekognition-server";
import { createFlows, type DecodedImage, type FaceIndex } from "@facekit/core";
import { encodeImage } from "@facekit/node";
import sharp from "sharp";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { rekognitionDetector, rekognitionIndex } from "../src/index.js";
import { codeOf, collect, connectionTo, enrolledIn, indexAt, probeOf, startToyServer, straysIn } from "./support.js";
import { toyPhoto } from "./toy-engine.js";

function clientOf(server: RekognitionServer): RekognitionClient {
  const client = new RekognitionClient({ ...connectionTo(server) });
  onTestFinished(() => client.destroy());
  return client;
}

async function enrol(index: FaceIndex, memberId: string, person: number, namespace = "shop"): Promise<void> {
  await index.enrol(namespace, memberId, [await probeOf(index, toyPhoto([person]))]);
}

/** How many users the service holds, pieces of long names among them. */
async function usersHeld(server: RekognitionServer): Promise<number> {
  const answer = await clientOf(server).send(new DescribeCollectionCommand({ CollectionId: "shop" }));
  return answer.UserCount ?? -1;
}

/** How many faces the service holds, whoever's they are. */
async function facesHeld(server: RekognitionServer): Promise<number> {
  const answer = await clientOf(server).send(new DescribeCollectionCommand({ CollectionId: "shop" }));
  return answer.FaceCount ?? -1;
}

/** How long a search may take to show a write. */
const patience = { timeout: 30_000 };

describe("a service that fails", () => {
  const passing: readonly RekognitionFault[] = [
    "throttled",
    "over-throughput",
    "internal-error",
    "html",
    "half-json",
    "cut-off",
  ];
  test.each(passing)("an enrolment and a search get through, once: %s", async (fault) => {
    const server = await startToyServer();
    const index = indexAt(server);
    for (const operation of ["DetectFaces", "CreateCollection", "IndexFaces", "CreateUser", "AssociateFaces"]) {
      server.inflict(fault, { operation, times: 2 });
    }
    await enrol(index, "ada", 0);
    server.inflict(fault, { operation: "SearchUsersByImage" });
    server.inflict(fault, { operation: "ListFaces" });
    const { matches } = await index.search("shop", [await probeOf(index, toyPhoto([0], 8))], { k: 1 });
    expect(matches[0]?.[0]?.memberId).toBe("ada");
    expect(await enrolledIn(index)).toEqual([["ada", 1]]);
    expect(await facesHeld(server)).toBe(1);
    for (const operation of ["DisassociateFaces", "DeleteFaces", "DeleteUser"]) server.inflict(fault, { operation });
    await index.deleteMember("shop", "ada");
    expect(await facesHeld(server)).toBe(0);
    expect(await enrolledIn(index)).toEqual([]);
  });

  test("a lost answer costs half of the time limit, and nothing is done twice", async () => {
    const server = await startToyServer();
    const index = indexAt(server, { timeoutMs: 10_000 });
    // The collection is there: an answer that it is not would not be lost.
    await enrol(index, "bob", 1);
    for (const operation of ["IndexFaces", "AssociateFaces"]) server.inflict("unanswered", { operation });
    await enrol(index, "ada", 0);
    expect(await enrolledIn(index)).toEqual([
      ["ada", 1],
      ["bob", 1],
    ]);
    expect(await facesHeld(server)).toBe(2);
  });

  test("a rate of requests that is too low for the work slows it down and does not break it", async () => {
    const server = await startToyServer({ requestsPerSecond: 5 });
    const index = indexAt(server);
    const photos = [0, 1, 2, 3].map((person) => toyPhoto([person]));
    const probes = await Promise.all(photos.map((photo) => probeOf(index, photo)));
    for (const [i, probe] of probes.entries()) await index.enrol("shop", `member ${i}`, [probe]);
    expect((await enrolledIn(index)).length).toBe(4);
  });

  test("a slow service is waited for, and given up by who has no more time", async () => {
    const server = await startToyServer({ latencyMs: 200 });
    const index = indexAt(server);
    await enrol(index, "ada", 0);
    const probe = await probeOf(index, toyPhoto([0], 8));
    expect((await index.search("shop", [probe], { k: 1 })).matches[0]?.[0]?.memberId).toBe("ada");
    await expect(indexAt(server, { timeoutMs: 100 }).probe(toyPhoto([0]))).rejects.toMatchObject({
      code: "service-unavailable",
      retryable: true,
    });
  });

  test("throttling without end is service-unavailable when the time is over, and nothing is left", async () => {
    const server = await startToyServer();
    const index = indexAt(server, { timeoutMs: 10_000 });
    await enrol(index, "ada", 0);
    const probe = await probeOf(index, toyPhoto([1]));
    server.inflict("throttled", { operation: "AssociateFaces", times: 1000 });
    await expect(index.enrol("shop", "bob", [probe])).rejects.toMatchObject({
      code: "service-unavailable",
      retryable: true,
      adapter: "rekognition",
    });
    server.relent();
    expect(await facesHeld(server)).toBe(1);
    expect(await usersHeld(server)).toBe(1);
    expect(await enrolledIn(index)).toEqual([["ada", 1]]);
    expect(await straysIn(index)).toEqual([]);
  });

  test.each(["IndexFaces", "CreateUser", "AssociateFaces"])(
    "a failure for good at %s leaves nothing behind",
    async (operation) => {
      const server = await startToyServer();
      const index = indexAt(server, { timeoutMs: 60_001 });
      const probes = [await probeOf(index, toyPhoto([0])), await probeOf(index, toyPhoto([0], 8))];
      await enrol(index, "bob", 1);
      server.inflict("access-denied", { operation });
      const error: unknown = await index.enrol("shop", "ada", probes).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "access-denied", retryable: false });
      expect(String(error)).toContain(`rekognition:${operation}`);
      expect(await facesHeld(server)).toBe(1);
      expect(await usersHeld(server)).toBe(1);
      expect(await enrolledIn(index)).toEqual([["bob", 1]]);
    },
  );

  test("a failed enrolment deletes the user that it made, and no other", async () => {
    const server = await startToyServer();
    const index = indexAt(server);
    await enrol(index, "bob", 1);
    const probe = await probeOf(index, toyPhoto([0]));
    for (const memberId of ["x".repeat(500), "bob"]) {
      // The answer to what made the user is lost, and it is asked again.
      server.inflict("cut-off", { operation: "CreateUser" });
      server.inflict("access-denied", { operation: "AssociateFaces" });
      expect(await codeOf(index.enrol("shop", memberId, [probe]))).toBe("access-denied");
      expect(await usersHeld(server)).toBe(1);
    }
    expect(await enrolledIn(index)).toEqual([["bob", 1]]);
  });

  test.each(["expired-credentials", "unknown-credentials"] as const)("%s are access-denied, at once", async (fault) => {
    const server = await startToyServer();
    const index = indexAt(server);
    server.inflict(fault, { times: 1000 });
    await expect(index.probe(toyPhoto([0]))).rejects.toMatchObject({ code: "access-denied", retryable: false });
    expect(server.requests.get("DetectFaces")).toBe(1);
  });
});

describe("a collection", () => {
  test("that is deleted under us is told, and nobody becomes a stranger by it", async () => {
    const server = await startToyServer();
    const index = indexAt(server);
    await enrol(index, "ada", 0);
    const probe = await probeOf(index, toyPhoto([0], 8));
    await clientOf(server).send(new DeleteCollectionCommand({ CollectionId: "shop" }));
    expect(await codeOf(index.search("shop", [probe], { k: 1 }))).toBe("namespace-not-found");
    expect(await codeOf(index.enrol("shop", "ada", [probe]))).toBe("namespace-not-found");
    expect(await codeOf(index.deleteMember("shop", "ada"))).toBe("namespace-not-found");
    expect(await codeOf(collect(index.members("shop")))).toBe("namespace-not-found");
    // Who never saw it takes the namespace for a new one.
    const other = indexAt(server);
    expect((await other.search("shop", [await probeOf(other, toyPhoto([0]))], { k: 1 })).matches).toEqual([[]]);
    await enrol(other, "ada", 0);
    expect(await enrolledIn(other)).toEqual([["ada", 1]]);
  });

  test("is made on the first enrolment, or never where it may not be", async () => {
    const server = await startToyServer();
    const index = indexAt(server, { createCollections: false });
    const probe = await probeOf(index, toyPhoto([0]));
    expect(await codeOf(index.enrol("shop", "ada", [probe]))).toBe("namespace-not-found");
    expect(await codeOf(index.search("shop", [probe], { k: 1 }))).toBe("namespace-not-found");
    expect(server.requests.get("CreateCollection")).toBeUndefined();
  });

  test("belongs to one namespace, however odd or long its name is", async () => {
    const server = await startToyServer();
    const index = indexAt(server);
    const namespaces = [
      "a/b",
      "a_b",
      "a.2Fb",
      "A/B",
      "ä",
      "a\u0308",
      "x".repeat(512),
      `${"x".repeat(511)}y`,
      "語".repeat(512),
    ];
    const probe = await probeOf(index, toyPhoto([0]));
    for (const [i, namespace] of namespaces.entries()) await index.enrol(namespace, `member ${i}`, [probe]);
    for (const [i, namespace] of namespaces.entries()) {
      expect(await enrolledIn(index, namespace)).toEqual([[`member ${i}`, 1]]);
    }
  });

  test("is listed page by page, by member id", async () => {
    const server = await startToyServer({ pageSize: 3 });
    const index = indexAt(server);
    const ids = ["b", "B", "a10", "a2", "\u{1f600}", "\uff5e", "x".repeat(500)];
    const before = Date.now();
    for (const id of ids) await enrol(index, id, 0);
    const after = Date.now();
    // Another process has no names in memory.
    expect((await enrolledIn(indexAt(server))).map(([id]) => id)).toEqual([...ids].sort());
    const listed = await collect(index.members("shop"));
    for (const { enrolledAt, templateIds } of listed) {
      expect(enrolledAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(enrolledAt.getTime()).toBeLessThanOrEqual(after);
      expect(templateIds).toHaveLength(1);
    }
    expect(await index.deleteMember("shop", "x".repeat(500))).toBe(1);
    expect((await enrolledIn(index)).length).toBe(ids.length - 1);
    // The long name's pieces are gone too.
    const { UserCount } = await clientOf(server).send(new DescribeCollectionCommand({ CollectionId: "shop" }));
    expect(UserCount).toBe(ids.length - 1);
  });
});

describe("limits", () => {
  test("100 faces of a member: more are refused, and none of them is kept", async () => {
    const server = await startToyServer();
    const index = indexAt(server);
    const probe = await probeOf(index, toyPhoto([0]));
    expect(await codeOf(index.enrol("shop", "ada", new Array(101).fill(probe)))).toBe("quota-exceeded");
    expect(server.requests.get("IndexFaces")).toBeUndefined();
    await index.enrol("shop", "ada", new Array(99).fill(probe));
    expect(await codeOf(index.enrol("shop", "ada", [probe, probe]))).toBe("quota-exceeded");
    expect(await enrolledIn(index)).toEqual([["ada", 99]]);
    await index.enrol("shop", "ada", [probe]);
    expect(await codeOf(index.enrol("shop", "ada", [probe]))).toBe("quota-exceeded");
    expect(await facesHeld(server)).toBe(100);
    expect(await index.deleteMember("shop", "ada")).toBe(100);
    expect(await facesHeld(server)).toBe(0);
  });

  test("a photo whose file is larger than 5 MB is shrunk until it is not", async () => {
    const server = await startToyServer();
    const sizes: number[] = [];
    const encodePng = async ({ data, width, height, channels }: DecodedImage): Promise<Uint8Array> => {
      const png = await sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 1 }).toBuffer();
      sizes.push(png.length);
      return png;
    };
    const photo = toyPhoto([0, 1, 2, 3, 4, 5]);
    const large = await sharp(photo.data, { raw: { width: photo.width, height: photo.height, channels: 3 } })
      .resize(1920, 1920, { fit: "fill" })
      .raw()
      .toBuffer();
    // Noise, which no PNG makes smaller, on a grey ground.
    let state = 1;
    for (let i = 0; i < large.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      if (large[i] === 128) large[i] = 103 + (((state >>> 16) * 50) >>> 16);
    }
    const detector = rekognitionDetector({ ...connectionTo(server), encode: encodePng });
    onTestFinished(() => detector[Symbol.asyncDispose]());
    const faces = await detector.detect({ data: large, width: 1920, height: 1920, channels: 3 });
    expect(faces).toHaveLength(6);
    expect(Math.max(...sizes)).toBeGreaterThan(5_242_880);
    expect(sizes.at(-1)).toBeLessThanOrEqual(5_242_880);
    const last = faces
      .map(({ box }) => box)
      .sort((a, b) => a.x - b.x)
      .at(-1);
    // The sixth square of the photo, stretched with it.
    expect(last?.x).toBeCloseTo((1550 / 1800) * 1920, -1.5);
  });

  test("other formats are converted, and metadata stay at home", async () => {
    const server = await startToyServer();
    const sent: Uint8Array[] = [];
    const index = indexAt(server, {
      encode: async (image, call) => {
        const bytes = await encodeImage(image, call);
        sent.push(bytes);
        return bytes;
      },
    });
    const { data, width, height } = toyPhoto([0]);
    const exif = { IFD0: { Copyright: "somebody" } };
    const webp = await sharp(data, { raw: { width, height, channels: 3 } })
      .withExif(exif)
      .webp()
      .toBuffer();
    expect(await index.probe(webp)).toHaveLength(1);
    for (const bytes of sent) expect((await sharp(bytes).metadata()).exif).toBeUndefined();
    expect(sent.length).toBeGreaterThan(0);
  });

  test("an encoder of another format is refused before anything is sent", async () => {
    const server = await startToyServer();
    const webp = ({ data, width, height, channels }: DecodedImage): Promise<Buffer> =>
      sharp(data, { raw: { width, height, channels } }).webp().toBuffer();
    expect(await codeOf(indexAt(server, { encode: webp }).probe(toyPhoto([0])))).toBe("invalid-argument");
    expect(server.requests.size).toBe(0);
  });
});

describe("a photo", () => {
  test("without a face is told from one that cannot be read", async () => {
    const server = await startToyServer();
    const index = indexAt(server);
    expect(await index.probe(toyPhoto([]))).toEqual([]);
    expect(await codeOf(index.probe(new TextEncoder().encode("no photo at all")))).toBe("image-unreadable");
    const cut = indexAt(server, { encode: async (image) => (await encodeImage(image)).subarray(0, 200) });
    expect(await codeOf(cut.probe(toyPhoto([0])))).toBe("image-unreadable");
    const kit = createFlows({ index });
    expect(await codeOf(kit.register("ada", toyPhoto([])))).toBe("no-face");
    expect(await codeOf(kit.compare(toyPhoto([0]), toyPhoto([])))).toBe("no-face");
  });

  test("is compared with one that shows a face", async () => {
    const server = await startToyServer();
    const [shows, lacks] = await Promise.all([toyPhoto([0]), toyPhoto([])].map((photo) => encodeImage(photo)));
    for (const [source, target] of [
      [shows, lacks],
      [lacks, shows],
    ]) {
      const request = { SourceImage: { Bytes: source }, TargetImage: { Bytes: target } };
      await expect(clientOf(server).send(new CompareFacesCommand(request))).rejects.toMatchObject({
        name: "InvalidParameterException",
      });
    }
  });

  test("that the service does not index is no-face with its reasons, and nothing is kept", async () => {
    const server = await startToyServer();
    const index = indexAt(server, { qualityFilter: "HIGH" });
    await enrol(indexAt(server), "bob", 1);
    // The toy's squares have no texture: too blurred for the highest bar.
    const probe = await probeOf(index, toyPhoto([0]));
    await expect(index.enrol("shop", "ada", [probe])).rejects.toMatchObject({
      code: "no-face",
      details: { reasons: "LOW_SHARPNESS" },
    });
    expect(await facesHeld(server)).toBe(1);
    expect(await codeOf(index.search("shop", [probe], { k: 1 }))).toBe("no-face");
    expect(await codeOf(index.compare(probe, probe))).toBe("no-face");
    const identified = await createFlows({ index, namespace: "shop" }).identify(toyPhoto([0]));
    expect(identified.decision.refusals).toEqual(["no-face"]);
    const attended = await createFlows({ index, namespace: "shop" }).takeAttendance(toyPhoto([0]));
    expect(attended).toMatchObject({ present: [], strangers: 1 });
  });
});

describe("the flows", () => {
  test("decide by the service's default threshold, and know a member from one who is not enrolled", async () => {
    const server = await startToyServer({ lagMs: 50 });
    const kit = createFlows({ index: indexAt(server) });
    await kit.register("ada", toyPhoto([0]));
    await kit.register("bob", [toyPhoto([1]), toyPhoto([1], 8)]);
    expect(kit.threshold).toMatchObject({ value: 80, source: "published" });
    for (const [person, memberId] of ["ada", "bob"].entries()) {
      await vi.waitFor(
        async () => expect((await kit.identify(toyPhoto([person], 8))).best?.memberId).toBe(memberId),
        patience,
      );
    }
    expect((await kit.identify(toyPhoto([2]))).decision.refusals).toEqual(["below-threshold"]);
    expect((await kit.verify("bob", toyPhoto([1], 4))).matched).toBe(true);
    expect((await kit.verify("bob", toyPhoto([0]))).matched).toBe(false);
    expect(await codeOf(kit.verify("eve", toyPhoto([0])))).toBe("unknown-member");
    expect(await codeOf(kit.matchOrRegister(toyPhoto([0])))).toBe("not-supported");
    const { present, strangers } = await kit.takeAttendance(toyPhoto([1, 2, 0]));
    expect([present, strangers]).toEqual([["ada", "bob"], 1]);
    expect(await kit.forget("bob")).toBe(2);
    await vi.waitFor(
      async () => expect(await codeOf(kit.verify("bob", toyPhoto([1])))).toBe("unknown-member"),
      patience,
    );
  });

  test("find a member for verify who is farther than all whom the service tells", async () => {
    const server = await startToyServer();
    const kit = createFlows({ index: indexAt(server, { maxFaces: 1 }) });
    await kit.register("ada", toyPhoto([0]));
    await kit.register("bob", toyPhoto([1]));
    expect(await kit.verify("bob", toyPhoto([0]))).toMatchObject({ matched: false, similarity: 0 });
  });
});

test("options are checked at the door", () => {
  const encode = encodeImage;
  const good = { region: "eu-west-1", encode };
  for (const options of [
    { ...good, faceMatchThreshold: 101 },
    { ...good, maxFaces: 501 },
    { ...good, qualityFilter: "BEST" },
    { ...good, encode: "jpeg" },
    { ...good, collection: "shop" },
    { ...good, timeoutMs: -1 },
  ]) {
    // @ts-expect-error: what a caller without types may write
    expect(() => rekognitionIndex(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
});
