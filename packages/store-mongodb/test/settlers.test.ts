import { connect, createServer, type Socket } from "node:net";
import type { Visit, VisitLog } from "@facekit/core";
import { type CommandStartedEvent, MongoClient } from "mongodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { mongodbStore } from "../src/index.js";
import { collect, temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

interface Held {
  readonly visits: VisitLog;
  /** Lets nothing more through from the first such command on; fulfils when it has come to that. */
  holdAt(command: (name: string, collection: string) => boolean): Promise<void>;
  release(): void;
}

/** Visits through a connection that can be held. */
async function held(database: string): Promise<Held> {
  const { hostname, port } = new URL(uri ?? "");
  const sockets = new Set<Socket>();
  const requests = new Set<Socket>();
  let holding = false;
  const proxy = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    upstream.pipe(client);
    client.on("data", (request) => upstream.write(request));
    if (holding) client.pause();
    requests.add(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const at = typeof address === "object" && address !== null ? address.port : 0;
  const client = new MongoClient(`mongodb://127.0.0.1:${at}/?directConnection=true`, { monitorCommands: true });
  const store = mongodbStore({ client, database });
  onTestFinished(async () => {
    await store[Symbol.asyncDispose]();
    await client.close();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const hold = (on: boolean): void => {
    holding = on;
    for (const socket of requests) on ? socket.pause() : socket.resume();
  };
  return {
    visits: store.visits,
    holdAt: (command) =>
      new Promise((resolve) => {
        const listen = ({ commandName, command: body }: CommandStartedEvent): void => {
          if (!command(commandName, String(body[commandName]))) return;
          client.off("commandStarted", listen);
          hold(true);
          resolve();
        };
        client.on("commandStarted", listen);
      }),
    release: () => hold(false),
  };
}

const visit = (memberId: string): Visit => ({
  key: memberId,
  memberId,
  at: new Date(1_760_000_000_000),
  timeZone: "UTC",
});

describe.skipIf(uri === undefined)(`Two that settle a commit at once (${whereFrom})`, () => {
  test("lose no visits where a third erases some of them", async () => {
    const database = temporaryDatabase(uri ?? "");
    const [a, b, c] = [await held(database), await held(database), await held(database)];
    for (const { visits } of [a, b, c]) expect(await collect(visits.query("gym"))).toEqual([]);

    // B is about to erase what it finds, before there is anything.
    const atDelete = b.holdAt((name, collection) => name === "delete" && collection === "facekit.visits");
    const erased = b.visits.deleteMember("gym", "anna");
    await Promise.race([atDelete, erased]);
    // A has shown its visits, and is about to say so.
    const atMark = a.holdAt((name, collection) => name === "update" && collection === "facekit.visit-commits");
    const appended = a.visits.append("gym", ["anna", "ben", "cleo"].map(visit));
    await atMark;
    b.release();
    await erased;
    // C comes by, and misses what B erased.
    const atDiscard = c.holdAt((name, collection) => name === "delete" && collection === "facekit.visits");
    const looked = collect(c.visits.query("gym"));
    await Promise.race([atDiscard, looked]);
    a.release();
    expect(await appended).toBe(3);
    c.release();
    await looked;
    const members = (await collect(b.visits.query("gym"))).map(({ memberId }) => memberId);
    expect(members.filter((member) => member !== "anna")).toEqual(["ben", "cleo"]);
  });
});
