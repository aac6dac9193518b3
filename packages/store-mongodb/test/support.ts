import { randomUUID } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { type CommandStartedEvent, MongoClient } from "mongodb";
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

export interface HeldClient {
  readonly client: MongoClient;
  /** Lets no request through from the first such command on; fulfils when it has come to that. */
  holdAt(command: (name: string, body: Readonly<Record<string, unknown>>) => boolean): Promise<void>;
  release(): void;
}

/** A client whose requests can be held on their way to the server. */
export async function heldClient(url: string): Promise<HeldClient> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const requests = new Set<Socket>();
  let holding = false;
  const proxy = createServer((from) => {
    const to = connect({ host: hostname, port: Number(port) });
    for (const socket of [from, to]) {
      sockets.add(socket);
      // An error is followed by its close.
      socket.on("error", () => undefined).once("close", () => [from, to].map((each) => each.destroy()));
    }
    to.pipe(from);
    from.on("data", (request) => to.write(request));
    if (holding) from.pause();
    requests.add(from);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const at = typeof address === "object" && address !== null ? address.port : 0;
  const client = new MongoClient(`mongodb://127.0.0.1:${at}/?directConnection=true`, { monitorCommands: true });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await client.close();
    proxy.close();
  });
  const hold = (on: boolean): void => {
    holding = on;
    for (const socket of requests) on ? socket.pause() : socket.resume();
  };
  return {
    client,
    holdAt: (command) =>
      new Promise((resolve) => {
        const listen = ({ commandName, command: body }: CommandStartedEvent): void => {
          if (!command(commandName, body)) return;
          client.off("commandStarted", listen);
          hold(true);
          resolve();
        };
        client.on("commandStarted", listen);
      }),
    release: () => hold(false),
  };
}
