import { Worker } from "node:worker_threads";
import { checkKeys, checkNumber, FaceKitError } from "@facekit/core";
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
  #ended: FaceKitError | undefined;
  #onIdle: (() => void) | undefined;

  constructor(onEnd: () => void) {
    // A thread that runs a file refuses the flags of `node --input-type=module --eval`.
    const oneLiner = process.execArgv.some((flag) => flag.startsWith("--input-type"));
    this.#worker = new Worker(new URL("./inference-worker.js", import.meta.url), oneLiner ? { execArgv: [] } : {});
    // A thread that waits keeps no process alive; one that works does.
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => {
      const call = this.#waiting.get(reply.call);
      this.#settle(reply.call);
      call?.resolve(reply);
    });
    const fail = (cause?: unknown): void => {
      onEnd();
      const message = "The inference thread ended; create another FaceKit.";
      this.#end(new FaceKitError("inference-failed", message, { cause }));
    };
    this.#worker.on("error", fail);
    this.#worker.on("exit", () => fail());
  }

  async call(body: Body, transfer: ArrayBuffer[] = []): Promise<Reply> {
    if (this.#ended !== undefined) throw this.#ended;
    const call = ++this.#calls;
    // Throws for what cannot be sent, so it comes before the call counts as waiting.
    this.#worker.postMessage({ ...body, call }, transfer);
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
  }

  async stop(): Promise<void> {
    this.#ended ??= new FaceKitError("closed", "The FaceKit was closed while a photo was looked at.");
    // Ending a thread within a run aborts the whole process, from ONNX Runtime's native code.
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#worker.terminate();
  }

  #settle(call: number): void {
    this.#waiting.delete(call);
    if (this.#waiting.size > 0) return;
    this.#worker.unref();
    this.#onIdle?.();
  }

  #end(error: FaceKitError): void {
    this.#ended ??= error;
    for (const [call, { reject }] of [...this.#waiting]) {
      this.#settle(call);
      reject(this.#ended);
    }
  }
}

interface SharedSession {
  readonly thread: InferenceThread;
  readonly loaded: Promise<Loaded>;
  users: number;
}

/** Kits of one process share the thread and, by model and options, the sessions. */
let thread: InferenceThread | undefined;
const shared = new Map<string, SharedSession>();

/**
 * A session on the inference thread, shared by all who ask for the same `key` (a model's SHA-256) with the same options.
 * Rejects with `model-corrupt` when ONNX Runtime cannot load the bytes, with `not-supported` when it lacks the
 * execution providers.
 */
export async function openSession(
  key: string,
  name: string,
  load: () => Promise<Uint8Array>,
  options: SessionOptions = {},
): Promise<OnnxSession> {
  checkOptions(options);
  const id = JSON.stringify([key, options]);
  for (;;) {
    const joined = shared.get(id);
    const entry = joined ?? share(id, name, load, options);
    entry.users++;
    try {
      return wrap(entry.thread, name, await entry.loaded, () => release(id, entry));
    } catch (error) {
      await release(id, entry).catch(() => undefined);
      // What another's load failed by may be its own: its signal, its directories.
      if (joined === undefined) throw error;
    }
  }
}

function checkOptions(options: SessionOptions): void {
  checkKeys("session", options, ["executionProviders", "intraOpNumThreads"]);
  const { executionProviders: providers = ["cpu"], intraOpNumThreads = 1 } = options;
  checkNumber("session.intraOpNumThreads", intraOpNumThreads, { min: 1, max: 1024, integer: true });
  if (!Array.isArray(providers) || providers.length === 0 || providers.some((entry) => typeof entry !== "string")) {
    throw new FaceKitError("invalid-argument", 'session.executionProviders wants names, for example ["cpu"].');
  }
}

function share(id: string, name: string, load: () => Promise<Uint8Array>, options: SessionOptions): SharedSession {
  thread ??= startThread();
  const entry = { thread, loaded: loadOn(thread, name, load, options), users: 0 };
  shared.set(id, entry);
  // Whoever comes after a failure loads anew.
  entry.loaded.catch(() => forget(id, entry));
  return entry;
}

function startThread(): InferenceThread {
  const started = new InferenceThread(() => {
    // Its sessions went with it: the next kit starts another thread and loads anew.
    if (thread === started) thread = undefined;
    for (const [id, entry] of shared) if (entry.thread === started) shared.delete(id);
  });
  return started;
}

function forget(id: string, entry: SharedSession): void {
  if (shared.get(id) === entry) shared.delete(id);
}

async function release(id: string, entry: SharedSession): Promise<void> {
  if (--entry.users > 0) return;
  forget(id, entry);
  const owner = entry.thread;
  if ([...shared.values()].some((other) => other.thread === owner)) {
    // A thread that ended meanwhile has let the session go with itself.
    await entry.loaded.then(({ session }) => owner.call({ kind: "release", session })).catch(() => undefined);
    return;
  }
  if (thread === owner) thread = undefined;
  await owner.stop();
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
  // ONNX Runtime tells the two apart in its message alone.
  if (/backend not found|ExecutionProvider/.test(reason)) {
    const wanted = options.executionProviders?.join(", ");
    throw new FaceKitError(
      "not-supported",
      `ONNX Runtime has not session.executionProviders ${wanted} here: ${reason}`,
    );
  }
  throw new FaceKitError("model-corrupt", `ONNX Runtime cannot load model "${name}": ${reason}`, { adapter: name });
}

function wrap(
  owner: InferenceThread,
  name: string,
  { session, inputNames, outputNames }: Loaded,
  release: () => Promise<void>,
): OnnxSession {
  let released: Promise<void> | undefined;
  const closed = (): FaceKitError => new FaceKitError("closed", `Model "${name}" was closed.`, { adapter: name });
  return {
    inputNames,
    outputNames,
    async run(inputs) {
      if (released !== undefined) throw closed();
      const reply = await owner.call({ kind: "run", session, inputs }, buffersOf(inputs));
      if (reply.kind === "done") return reply.outputs;
      // Closed while the input was on its way.
      if (released !== undefined) throw closed();
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
