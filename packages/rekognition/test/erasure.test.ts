import {
  AssociateFacesCommand,
  CreateUserCommand,
  DescribeCollectionCommand,
  IndexFacesCommand,
  RekognitionClient,
} from "@aws-sdk/client-rekognition";
import type { RekognitionServer } from "@facekit/conformance/rekognition-server";
import { encodeImage } from "@facekit/node";
import { expect, onTestFinished, test } from "vitest";
import { connectionTo, enrolledIn, indexAt, probeOf, startToyServer, straysIn } from "./support.js";
import { toyPhoto } from "./toy-engine.js";

function clientOf(server: RekognitionServer): RekognitionClient {
  const client = new RekognitionClient({ ...connectionTo(server) });
  onTestFinished(() => client.destroy());
  return client;
}

/** How many faces and users the service holds, whoever's they are. */
async function heldBy(server: RekognitionServer): Promise<{ faces: number | undefined; users: number | undefined }> {
  const answer = await clientOf(server).send(new DescribeCollectionCommand({ CollectionId: "shop" }));
  return { faces: answer.FaceCount, users: answer.UserCount };
}

test("an erasure goes on until the service has deleted each face", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  await index.enrol("shop", "ada", [await probeOf(index, toyPhoto([0])), await probeOf(index, toyPhoto([0], 8))]);
  server.inflict("faces-kept", { operation: "DeleteFaces", times: 2 });
  expect(await index.deleteMember("shop", "ada")).toBe(2);
  expect(await heldBy(server)).toEqual({ faces: 0, users: 0 });
});

test("an erasure is not told as done while the service keeps a face, and ends when it is tried again", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  await index.enrol("shop", "ada", [await probeOf(index, toyPhoto([0]))]);
  server.inflict("faces-kept", { operation: "DeleteFaces", times: 1000 });
  await expect(indexAt(server, { timeoutMs: 1000 }).deleteMember("shop", "ada")).rejects.toMatchObject({
    code: "service-unavailable",
    retryable: true,
    adapter: "rekognition",
  });
  server.relent();
  expect(await heldBy(server)).toEqual({ faces: 1, users: 0 });
  // Whoever tries again, or reconciles, sees whose it was.
  expect(await straysIn(index)).toMatchObject([{ memberId: "ada" }]);
  expect(await index.deleteMember("shop", "ada")).toBe(1);
  expect(await heldBy(server)).toEqual({ faces: 0, users: 0 });
});

test("a member is erased with what earlier enrolments left over, whole ones beside them", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  const other = await probeOf(index, toyPhoto([1]));
  await index.enrol("shop", "bob", [other]);
  // Its faces can neither be given nor be taken away again.
  for (const memberId of ["ada", "bob"]) {
    for (const operation of ["AssociateFaces", "DisassociateFaces"]) server.inflict("access-denied", { operation });
    await expect(index.enrol("shop", memberId, [await probeOf(index, toyPhoto([0]))])).rejects.toMatchObject({
      code: "access-denied",
    });
  }
  await index.enrol("shop", "ada", [await probeOf(index, toyPhoto([0], 8))]);
  expect(await straysIn(index)).toHaveLength(2);
  expect(await index.deleteMember("shop", "ada")).toBe(2);
  // Those of others stay for their own erasure.
  expect((await straysIn(index)).map(({ memberId }) => memberId)).toEqual(["bob"]);
  expect(await enrolledIn(index)).toEqual([["bob", 1]]);
  expect(await heldBy(server)).toEqual({ faces: 2, users: 1 });
});

test("a member whose user was deleted meanwhile is enrolled all the same, however often", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  const probe = await probeOf(index, toyPhoto([0]));
  server.inflict("not-found", { operation: "AssociateFaces", times: 5 });
  await index.enrol("shop", "ada", [probe]);
  expect(await enrolledIn(index)).toEqual([["ada", 1]]);
  expect(await heldBy(server)).toEqual({ faces: 1, users: 1 });
});

test("an enrolment that is given up does not wait until what it did is undone", async () => {
  const server = await startToyServer();
  const index = indexAt(server, { timeoutMs: 600_000 });
  const probe = await probeOf(index, toyPhoto([0]));
  for (const operation of ["AssociateFaces", "DisassociateFaces"]) server.inflict("not-done", { operation, times: 9 });
  const controller = new AbortController();
  const reason = new Error("enough");
  const enrolling = index.enrol("shop", "ada", [probe], controller);
  const watch = setInterval(() => {
    if (server.requests.has("AssociateFaces")) controller.abort(reason);
  }, 5);
  await expect(enrolling).rejects.toBe(reason);
  clearInterval(watch);
});

test("who gives up a search does not spoil the photo for others who wait for it", async () => {
  const server = await startToyServer();
  let begin = (): void => undefined;
  let release = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let holds = false;
  const index = indexAt(server, {
    encode: async (image, call) => {
      begin();
      if (holds) await released;
      return encodeImage(image, call);
    },
  });
  await index.enrol("shop", "ada", [await probeOf(index, toyPhoto([0]))]);
  const probe = await probeOf(index, toyPhoto([0], 8));
  holds = true;
  const controller = new AbortController();
  const reason = new Error("enough");
  const first = index.search("shop", [probe], { k: 1, signal: controller.signal });
  await begun;
  const second = index.search("shop", [probe], { k: 1 });
  controller.abort(reason);
  await expect(first).rejects.toBe(reason);
  release();
  expect((await second).matches[0]?.[0]?.memberId).toBe("ada");
});

test("users whose long names nobody tells cost one list of the users, not one each", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  await index.enrol("shop", "x".repeat(500), [await probeOf(index, toyPhoto([0]))]);
  const client = clientOf(server);
  const CollectionId = "shop";
  for (const [i, letter] of ["A", "B", "C"].entries()) {
    const UserId = `::${letter.repeat(43)}`;
    const Bytes = await encodeImage(toyPhoto([1], i));
    const { FaceRecords = [] } = await client.send(new IndexFacesCommand({ CollectionId, Image: { Bytes } }));
    const FaceIds = FaceRecords.flatMap(({ Face }) => Face?.FaceId ?? []);
    await client.send(new CreateUserCommand({ CollectionId, UserId }));
    await client.send(new AssociateFacesCommand({ CollectionId, UserId, FaceIds }));
  }
  const other = indexAt(server);
  expect(await enrolledIn(other)).toEqual([["x".repeat(500), 1]]);
  expect(server.requests.get("ListUsers")).toBe(1);
  const probes = [await probeOf(other, toyPhoto([1])), await probeOf(other, toyPhoto([1], 3))];
  await other.search("shop", probes, { k: 4 });
  expect(server.requests.get("ListUsers")).toBe(2);
});

test("members that are erased at a time share the reading of what was left over, and each loses its own", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
  for (const id of ids) {
    const probe = await probeOf(index, toyPhoto([0]));
    for (const operation of ["AssociateFaces", "DisassociateFaces"]) server.inflict("access-denied", { operation });
    await expect(index.enrol("shop", id, [probe])).rejects.toMatchObject({ code: "access-denied" });
    await index.enrol("shop", id, [probe]);
  }
  const before = server.requests.get("ListFaces") ?? 0;
  expect(await Promise.all(ids.map((id) => index.deleteMember("shop", id)))).toEqual(ids.map(() => 2));
  expect(await heldBy(server)).toEqual({ faces: 0, users: 0 });
  // Two for each member's own faces, and two readings at most.
  expect((server.requests.get("ListFaces") ?? 0) - before).toBeLessThanOrEqual(ids.length * 2 + 2);
});
