import { connect, createServer, type Socket } from "node:net";
import { seeded } from "./samples.js";

/** Chances are 0 to 1, for each piece of traffic. */
export interface ConnectionFaults {
  /** That a new connection is closed at once. */
  readonly refuse: number;
  /** That a request is lost with its connection. */
  readonly drop: number;
  /** That the server gets a request, and its answer is lost with the connection: who asks again asks twice. */
  readonly swallow: number;
  /** An answer comes so many milliseconds late at most. */
  readonly lateMs: number;
}

export interface FaultyConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** The same faults at the same places of the same traffic. Default 1. */
  readonly seed?: number;
}

export interface FaultyConnection extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** How often it refused, dropped and swallowed. */
  readonly harm: { refused: number; dropped: number; swallowed: number };
  /** From now on. None at first. */
  inflict(faults: Partial<ConnectionFaults>): void;
}

const none: ConnectionFaults = { refuse: 0, drop: 0, swallow: 0, lateMs: 0 };

/** A proxy before a server, which does to the traffic what networks do. */
export async function faultyConnection({ host, port, seed = 1 }: FaultyConnectionOptions): Promise<FaultyConnection> {
  const random = seeded(seed);
  const harm = { refused: 0, dropped: 0, swallowed: 0 };
  const open = new Set<Socket>();
  let faults = none;

  const server = createServer((client) => {
    keep(client);
    if (random() < faults.refuse) {
      harm.refused++;
      client.destroy();
      return;
    }
    const upstream = keep(connect({ host, port }));
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    let swallowing = false;
    let late = false;
    client.on("data", (request) => {
      if (random() < faults.drop) {
        harm.dropped++;
        end();
        return;
      }
      if (random() < faults.swallow) {
        harm.swallowed++;
        swallowing = true;
      }
      upstream.write(request);
    });
    upstream.on("data", (answer) => {
      if (swallowing) return end();
      const lateMs = random() * faults.lateMs;
      if (lateMs < 1) return void client.write(answer);
      // Nothing overtakes it.
      upstream.pause();
      late = true;
      setTimeout(() => {
        late = false;
        client.write(answer);
        if (upstream.destroyed) client.destroySoon();
        else upstream.resume();
      }, lateMs);
    });
    client.on("close", end);
    upstream.on("close", () => {
      // What the server said before it hung up still comes.
      if (!late) client.destroySoon();
    });
  });
  const keep = (socket: Socket): Socket => {
    open.add(socket.setNoDelay());
    // An error is followed by its close.
    return socket.on("error", () => undefined).once("close", () => open.delete(socket));
  };

  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port.");
  return {
    port: address.port,
    harm,
    inflict(next) {
      faults = { ...none, ...next };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
