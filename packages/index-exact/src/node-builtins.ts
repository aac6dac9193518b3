import type { FromThread, ToThread } from "./scan-messages.js";

/** What is used of `node:worker_threads`. */
export interface NodeThreads {
  readonly Worker: new (script: string, options: { eval: true; execArgv: []; stdin: false }) => NodeWorker;
  readonly parentPort: {
    on(event: "message", listener: (message: ToThread) => void): void;
    postMessage(message: FromThread, transfer: ArrayBufferLike[]): void;
  } | null;
}

interface NodeWorker {
  on(event: "message", listener: (message: FromThread) => void): void;
  on(event: "error" | "messageerror" | "exit", listener: () => void): void;
  postMessage(message: ToThread): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

declare const process: { getBuiltinModule?: GetBuiltinModule } | undefined;

interface GetBuiltinModule {
  (id: "node:worker_threads"): NodeThreads;
  (id: "node:os"): { availableParallelism(): number };
}

/** Node's own modules, asked for in a way that no bundler for browsers stumbles over; undefined in browsers. */
export const nodeBuiltin: GetBuiltinModule | undefined =
  typeof process === "undefined" ? undefined : process?.getBuiltinModule;
