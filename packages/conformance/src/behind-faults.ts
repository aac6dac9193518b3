import { isFaceKitError, retry } from "@facekit/core";
import { ensure } from "./expect.js";
import { type ConnectionFaults, type FaultyConnection, faultyConnection } from "./faulty-connection.js";
import { lend, type TestRunner } from "./suite.js";

export interface FaultyServerConformanceOptions<T> {
  readonly test: TestRunner;
  /** The server's address, as a URL with a port. */
  readonly url: string;
  /**
   * A place for one test that nothing is in, as a function that opens the adapter over it through the server's address that
   * it is given. Removing the place is the caller's.
   */
  readonly create: () => OpenAt<T> | Promise<OpenAt<T>>;
  /** How long a call may take until it settles, with all that the adapter tries by itself. Default 30,000. */
  readonly patienceMs?: number;
}

export type OpenAt<T> = (url: string) => T | Promise<T>;

export const rough: ConnectionFaults = { refuse: 0.02, drop: 0.02, swallow: 0.02, lateMs: 8 };

/** What the tests of one kind of adapter over a faulty connection are made of. */
export interface BehindFaults<T> {
  /** Registers a test of an adapter over a faulty connection, and of the same over a sound one. */
  it(name: string, run: (faulty: T, sound: T, connection: FaultyConnection) => Promise<void>): void;
  /** Whether a call was fulfilled. It must settle in time, and reject with `conflict` or what may be tried again if it does. */
  succeeds(what: string, call: Promise<unknown>): Promise<boolean>;
  /** As an application does: what a broken connection prevented may be tried again. */
  untilDone<R>(call: () => Promise<R>): Promise<R>;
}

export function behindFaults<T extends AsyncDisposable>(
  kind: string,
  options: FaultyServerConformanceOptions<T>,
  prepare: (adapter: T) => Promise<void>,
): BehindFaults<T> {
  const { test, url, create, patienceMs = 30_000 } = options;
  return {
    it: (name, run) =>
      test(`${kind}, faults: ${name}`, async () => {
        const { hostname, port } = new URL(url);
        await using connection = await faultyConnection({ host: hostname, port: Number(port), seed: name.length });
        const place = await create();
        const through = new URL(url);
        through.hostname = "127.0.0.1";
        through.port = String(connection.port);
        await lend(
          () => place(url),
          async (sound) => {
            await prepare(sound);
            await lend(
              () => place(through.href),
              async (faulty) => {
                await prepare(faulty);
                await run(faulty, sound, connection);
              },
            );
          },
        );
      }),
    async succeeds(what, call) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), patienceMs);
      });
      try {
        const settled = await Promise.race([call, late]);
        ensure(settled !== "late", `${what} must settle within ${patienceMs} ms.`);
        return true;
      } catch (error) {
        if (isFaceKitError(error) && (error.retryable || error.code === "conflict")) return false;
        throw new Error(`${what}: expected a FaceKitError that is retryable, or "conflict", got ${String(error)}.`, {
          cause: error,
        });
      } finally {
        clearTimeout(timer);
      }
    },
    untilDone: (call) => retry(call, { deadlineMs: patienceMs, initialDelayMs: 5, maxDelayMs: 50 }),
  };
}

export function hurt({ harm }: FaultyConnection): number {
  return harm.dropped + harm.swallowed;
}
