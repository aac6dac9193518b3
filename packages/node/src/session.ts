import { Worker } from "node:worker_threads";
import { FaceKitError } from "@facekit/core";
import type { OnnxSession } from "@facekit/onnx";
import type { Reply, Request } from "./inference-worker.js";

export interface SessionOptions {
  /** ONNX Runtime's execution providers in order of preference, for example `["cuda", "cpu"]`. Default `["cpu"]`. */
  readonly executionProviders?: readonly string[];
  /** Threads within one net. Default 1, the fastest per core; several photos at once use several cores better. */
  readonly intraOpNumThreads?: number;
}

type Loaded = Extract<Reply, { kind: "loaded" }>;
type Done = Extract<Reply, { kind: "done" }>;
type Body = Request extends infer R ? (R extends Request ? Omit<R, "call"> : never) : never;

/** ONNX Runtime on a thread of its own: its calls block, and the event loop must not. */
class InferenceThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: unknown) => void }>();
  #calls = 0;
  #dead: FaceKitError | undefined;

  constructor() {
    this.#worker = new Worker(new URL("./inference-worker.js", import.meta.url));
    // A thread that waits keeps no process alive; one that works does.
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => {
      const call = this.#waiting.get(reply.call);
      this.#settle(reply.call);
      call?.resolve(reply);
    });
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  async call(body: Body, transfer: ArrayBuffer[] = []): Promise<Reply> {
    if (this.#dead !== undefined) throw this.#dead;
    const call = ++this.#calls;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#worker.postMessage({ ...body, call }, transfer);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(call: number): void {
    this.#waiting.delete(call);
    if (this.#waiting.size === 0) this.#worker.unref();
  }

  #fail(cause: unknown): void {
    this.#dead ??= new FaceKitError("inference-failed", "The inference thread ended; create another FaceKit.", {
      cause,
    });
    for (const [call, { reject }] of [...this.#waiting]) {
      this.#settle(call);
      reject(this.#dead);
    }
  }
}

/** Kits of one process share the thread and, by model and options, the sessions. */
let thread: InferenceThread | undefined;
const shared = new Map<string, { loaded: Promise<Loaded>; users: number }>();

/**
 * A session on the inference thread, shared by all who ask for the same `key` (a model's SHA-256) with the same options.
 * Rejects with `model-corrupt` when ONNX Runtime cannot load the bytes.
 */
export async function openSession(
  key: string,
  name: string,
  load: () => Promise<Uint8Array>,
  options: SessionOptions = {},
): Promise<OnnxSession> {
  const id = JSON.stringify([key, options]);
  let entry = shared.get(id);
  if (entry === undefined) {
    thread ??= new InferenceThread();
    entry = { loaded: loadOn(thread, name, load, options), users: 0 };
    shared.set(id, entry);
  }
  entry.users++;
  const release = async (): Promise<void> => {
    const current = shared.get(id);
    if (current === undefined || --current.users > 0) return;
    shared.delete(id);
    const owner = thread;
    if (shared.size === 0) thread = undefined;
    if (thread === undefined) await owner?.stop();
    // A thread that ended meanwhile has let the session go with itself.
    else await current.loaded.then(({ session }) => owner?.call({ kind: "release", session })).catch(() => undefined);
  };
  const owner = thread;
  try {
    const { session, inputNames, outputNames } = await entry.loaded;
    return wrap(owner, name, session, inputNames, outputNames, release);
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
}

async function loadOn(
  owner: InferenceThread,
  name: string,
  load: () => Promise<Uint8Array>,
  options: SessionOptions,
): Promise<Loaded> {
  const model = await load();
  const reply = await owner.call({ kind: "load", model, options });
  if (reply.kind === "loaded") return reply;
  const reason = reply.kind === "failed" ? reply.message : "unexpected reply";
  throw new FaceKitError("model-corrupt", `ONNX Runtime cannot load model "${name}": ${reason}`, { adapter: name });
}

function wrap(
  owner: InferenceThread | undefined,
  name: string,
  session: number,
  inputNames: readonly string[],
  outputNames: readonly string[],
  release: () => Promise<void>,
): OnnxSession {
  let released: Promise<void> | undefined;
  return {
    inputNames,
    outputNames,
    async run(inputs) {
      if (released !== undefined || owner === undefined) {
        throw new FaceKitError("closed", `Model "${name}" was closed.`, { adapter: name });
      }
      const reply = await owner.call({ kind: "run", session, inputs }, buffersOf(inputs));
      if (reply.kind === "done") return reply.outputs;
      const reason = reply.kind === "failed" ? reply.message : "unexpected reply";
      throw new FaceKitError("inference-failed", `Model "${name}" failed on its input: ${reason}`, { adapter: name });
    },
    async [Symbol.asyncDispose]() {
      released ??= release();
      await released;
    },
  };
}

/** The inputs' buffers, where they are whole and may move. */
function buffersOf(inputs: Done["outputs"]): ArrayBuffer[] {
  return Object.values(inputs).flatMap(({ data }) =>
    data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength ? [data.buffer] : [],
  );
}
