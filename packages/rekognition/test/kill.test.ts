import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DescribeCollectionCommand, IndexFacesCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import type { RekognitionFault, RekognitionServer } from "@facekit/conformance/rekognition-server";
import { encodeImage } from "@facekit/node";
import { expect, onTestFinished, test } from "vitest";
import { collect, connectionTo, enrolledIn, indexAt, probeOf, startToyServer, straysIn } from "./support.js";
import { toyPhoto } from "./toy-engine.js";

const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Lets a process enrol or forget a member, and kills it when the service was asked for `operation`, done or not. */
async function killedAt(
  server: RekognitionServer,
  what: "enrol" | "forget",
  memberId: string,
  operation: string,
  fault: RekognitionFault,
): Promise<void> {
  const before = server.requests.get(operation) ?? 0;
  server.inflict(fault, { operation, times: 10 });
  const child = spawn(process.execPath, ["--import", "tsx", `${folder}one-call.ts`, server.endpoint, what, memberId], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  const ended = new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
  const watch = setInterval(() => {
    if ((server.requests.get(operation) ?? 0) > before) child.kill("SIGKILL");
  }, 5);
  const signal = await ended;
  clearInterval(watch);
  server.relent();
  // What it sent beside that may still be at work.
  await server.idle();
  expect(signal, said).toBe("SIGKILL");
}

const enrolSteps = [
  ["IndexFaces", "not-done"],
  ["IndexFaces", "unanswered"],
  ["CreateUser", "not-done"],
  ["CreateUser", "unanswered"],
  ["AssociateFaces", "not-done"],
  ["AssociateFaces", "unanswered"],
] as const;

test.each(enrolSteps)(
  "an enrolment killed at %s (%s) leaves strays that are told, and goes when tried again",
  async (...step) => {
    const server = await startToyServer();
    const index = indexAt(server);
    await index.enrol("shop", "bob", [await probeOf(index, toyPhoto([1]))]);
    await killedAt(server, "enrol", "ada", ...step);
    const strays = await straysIn(index);
    for (const stray of strays) expect(stray).toMatchObject({ why: "no-member", memberId: "ada" });
    const whole = step[0] === "AssociateFaces" && step[1] === "unanswered";
    // All or none of the member's two photos.
    expect(await enrolledIn(index)).toEqual(
      whole
        ? [
            ["ada", 2],
            ["bob", 1],
          ]
        : [["bob", 1]],
    );
    if (whole || (step[0] === "IndexFaces" && step[1] === "not-done")) expect(strays).toEqual([]);
    else expect(strays.length).toBeGreaterThan(0);
    const faces = (await collect(index.members("shop"))).flatMap(({ templateIds = [] }) => templateIds);
    // Those of members are passed over.
    const ids = [...strays.map(({ id }) => id), ...faces, "no id"];
    expect(await index.strays?.delete("shop", ids)).toBe(strays.length);
    expect(await straysIn(index)).toEqual([]);
    await index.enrol("shop", "ada", [await probeOf(index, toyPhoto([0]))]);
    expect(await enrolledIn(index)).toEqual([
      ["ada", whole ? 3 : 1],
      ["bob", 1],
    ]);
  },
);

const forgetSteps = [
  ["DisassociateFaces", "not-done"],
  ["DisassociateFaces", "unanswered"],
  ["DeleteUser", "not-done"],
  ["DeleteUser", "unanswered"],
  ["DeleteFaces", "not-done"],
  ["DeleteFaces", "unanswered"],
] as const;

test.each(forgetSteps)("an erasure killed at %s (%s) ends when it is tried again", async (...step) => {
  const server = await startToyServer();
  const index = indexAt(server);
  const probes = [await probeOf(index, toyPhoto([0])), await probeOf(index, toyPhoto([0], 8))];
  await index.enrol("shop", "ada", probes);
  await index.enrol("shop", "bob", [await probeOf(index, toyPhoto([1]))]);
  await killedAt(server, "forget", "ada", ...step);
  const facesWereLeft = step[0] !== "DeleteFaces" || step[1] === "not-done";
  expect(await index.deleteMember("shop", "ada")).toBe(facesWereLeft ? 2 : 0);
  expect(await straysIn(index)).toEqual([]);
  expect(await enrolledIn(index)).toEqual([["bob", 1]]);
});

test("a member is erased with what enrolments left over, and faces that others indexed are left alone", async () => {
  const server = await startToyServer();
  const index = indexAt(server);
  await killedAt(server, "enrol", "ada", "CreateUser", "not-done");
  for (const { since } of await straysIn(index)) expect(Math.abs(Date.now() - Number(since))).toBeLessThan(60_000);
  const client = new RekognitionClient({ ...connectionTo(server) });
  onTestFinished(() => client.destroy());
  const Bytes = await encodeImage(toyPhoto([3]));
  await client.send(new IndexFacesCommand({ CollectionId: "shop", Image: { Bytes }, ExternalImageId: "ada" }));
  expect(await straysIn(index)).toHaveLength(2);
  expect(await index.deleteMember("shop", "ada")).toBe(2);
  expect(await client.send(new DescribeCollectionCommand({ CollectionId: "shop" }))).toMatchObject({ FaceCount: 1 });
});
