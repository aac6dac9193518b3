import { sharedPages } from "./kernel.js";
import { nodeBuiltin } from "./node-builtins.js";
import type { FromThread, ToThread } from "./scan-messages.js";

/** A thread of Node or of a browser. */
export interface Thread {
  post(message: ToThread): void;
  /** While it is held it keeps the process alive. */
  hold(): void;
  release(): void;
  end(): void;
}

/**
 * Starts a thread that runs a script. `onEnd` is called when it failed or ended by itself. Throws where threads are not
 * to be had.
 */
export function spawnThread(script: string, onMessage: (message: FromThread) => void, onEnd: () => void): Thread {
  const node = nodeBuiltin?.("node:worker_threads");
  if (node !== undefined) {
    // The process's own flags, a loader perhaps, are none of its business.
    const worker = new node.Worker(script, { eval: true, execArgv: [], stdin: false });
    worker.on("message", onMessage);
    for (const event of ["error", "messageerror", "exit"] as const) worker.on(event, onEnd);
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      hold: () => worker.ref(),
      release: () => worker.unref(),
      end: () => void worker.terminate(),
    };
  }
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.addEventListener("message", ({ data }: MessageEvent<FromThread>) => {
    URL.revokeObjectURL(url);
    onMessage(data);
  });
  for (const event of ["error", "messageerror"]) worker.addEventListener(event, onEnd);
  return {
    post: (message) => worker.postMessage(message),
    hold: () => undefined,
    release: () => undefined,
    end: () => worker.terminate(),
  };
}

let shareable: boolean | undefined;

/** Whether threads can share a memory here: in browsers, on pages that are cross-origin isolated. */
export function canShareMemory(): boolean {
  if (nodeBuiltin === undefined && (globalThis.crossOriginIsolated !== true || typeof Worker !== "function"))
    return false;
  if (shareable === undefined) {
    try {
      new WebAssembly.Memory({ initial: 1, maximum: sharedPages, shared: true });
      shareable = true;
    } catch {
      shareable = false;
    }
  }
  return shareable;
}

/** How many threads run at once here. */
export function processors(): number {
  return nodeBuiltin?.("node:os").availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
