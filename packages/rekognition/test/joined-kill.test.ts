import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ListFacesCommand, ListUsersCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import { createFlows, describeDifference, reconcile } from "@facekit/core";
import { encodeImage } from "@facekit/node";
import { expect, onTestFinished, test, vi } from "vitest";
import { dynamodbMembers, s3Photos } from "../../members-dynamodb/src/index.js";
import { type Meddle, meddlingProxy } from "../../members-dynamodb/test/meddling-proxy.js";
import { itemsIn, localDynamodb, localS3, objectsIn } from "../../members-dynamodb/test/support.js";
import { collect, connectionTo, enrolledIn, indexAt, startToyServer } from "./support.js";
import { toyPhoto } from "./toy-engine.js";

vi.setConfig({ testTimeout: 240_000 });

const folder = fileURLToPath(new URL("./fixtures/", import.meta.url));
/** Too long for a user of Rekognition and for keys of S3: the id stands in pieces of users, and in objects beside the photos. */
const ada = `ada${"-".repeat(130)}`;

test("over Rekognition, DynamoDB and S3, a member's life that is killed at any request is repaired to nothing", async () => {
  const server = await startToyServer();
  const { close: closeTables, ...tables } = await localDynamodb();
  onTestFinished(closeTables);
  const { close: closeBuckets, ...buckets } = await localS3("photos");
  onTestFinished(closeBuckets);
  const client = new RekognitionClient(connectionTo(server));
  onTestFinished(() => client.destroy());
  const bob = await encodeImage(toyPhoto([1]));

  let left = 0;
  let kill = async (): Promise<void> => undefined;
  const atWork = new Set<Promise<unknown>>();
  /** Kills the process when it asks for the last thing that is left to it, of whichever service. */
  const meddle: Meddle = async (_, forward) => {
    if (--left > 0) {
      const work = forward();
      atWork.add(work);
      return work.finally(() => atWork.delete(work));
    }
    await kill();
    return { status: 500, body: "" };
  };
  const proxies = await Promise.all(
    [server.endpoint, tables.endpoint, buckets.endpoint].map((upstream) => meddlingProxy(upstream, meddle)),
  );
  const endpoints = proxies.map(({ endpoint }) => endpoint);
  const start = (name: string): ChildProcess => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", `${folder}whole-life.ts`, ...endpoints, name, `${name}/`, name, ada],
      {
        cwd: folder,
        env: { ...process.env, NODE_NO_WARNINGS: "1", TSX_TSCONFIG_PATH: `${folder}tsconfig.json` },
        stdio: ["pipe", "ignore", "inherit"],
      },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };

  const ends = new Set<string>();
  let next = start("shop-1");
  for (let request = 1, signal: unknown = "SIGKILL"; signal === "SIGKILL"; request++) {
    expect(request).toBeLessThan(80);
    const child = next;
    const namespace = `shop-${request}`;
    // It takes a while to begin.
    next = start(`shop-${request + 1}`);
    const index = indexAt(server);
    const members = dynamodbMembers({ ...tables, table: namespace, createTable: true });
    const photos = s3Photos({ ...buckets, bucket: "photos", prefix: `${namespace}/` });
    await createFlows({ index, members, photos, namespace }).register("bob", bob);

    left = request;
    const ended = once(child, "close");
    kill = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    child.stdin?.write("go");
    const [status, by] = await ended;
    signal = by;
    expect([status, by]).toEqual(by === null ? [0, null] : [null, "SIGKILL"]);
    // What it asked for before is done all the same.
    await Promise.allSettled(atWork);

    for (let found = ["not looked yet"], runs = 0; found.length > 0; runs++) {
      expect(runs, found.join("\n")).toBeLessThan(4);
      const repairs = reconcile({ namespace, index, members, photos, apply: true, graceMs: 0 });
      found = (await collect(repairs)).map(describeDifference);
    }

    const isThere = (await members.get(namespace, ada)) !== undefined;
    ends.add(isThere ? "whole" : "gone");
    const { Faces } = await client.send(new ListFacesCommand({ CollectionId: namespace }));
    const { Users } = await client.send(new ListUsersCommand({ CollectionId: namespace }));
    const purchases = await collect(members.purchases(namespace, ada));
    expect(
      {
        enrolled: await enrolledIn(index, namespace),
        faces: Faces?.length,
        users: Users?.map(({ UserId = "" }) => UserId).filter((id) => !/^::.{43}:/.test(id)).length,
        pieces: Users?.some(({ UserId = "" }) => /^::.{43}:/.test(UserId)),
        items: await itemsIn(tables, namespace),
        objects: await objectsIn(buckets, "photos", `${namespace}/`),
      },
      `killed at request ${request}`,
    ).toEqual({
      enrolled: isThere
        ? [
            [ada, 2],
            ["bob", 1],
          ]
        : [["bob", 1]],
      faces: isThere ? 3 : 1,
      users: isThere ? 2 : 1,
      pieces: isThere,
      items: isThere ? 2 + purchases.length : 1,
      // Two photos with their names, and one.
      objects: isThere ? 5 : 1,
    });
  }
  expect(ends).toEqual(new Set(["whole", "gone"]));
}, 240_000);
