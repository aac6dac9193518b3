import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { checkKeys, checkNumber, FaceKitError } from "@facekit/core";
import type { OnnxInput, OnnxSession, RunOptions } from "@facekit/onnx";
import type { Reply, Request } from "./inference-worker.js";
import { NativeGate } from "./native-gate.js";

export interface SessionOptions {
  /** ONNX Runtime's execution providers in order of preference, for example `["cuda", "cpu"]`. Default `["cpu"]`. */
  readonly executionProviders?: readonly string[];
  /** Threads within one net. Default 1, the fastest per core; several photos at once use several cores better. */
  readonly intraOpNumThreads?: number;
  /**
   * Threads that run nets side by side. One starts with the kit, the others when it is too busy. Of a folder of photos so
   * many and one are worked on at a time; with 1, one after the other. Default: as many as there are cores for this
   * process, at most 4; 1 with `executionProviders` other than `["cpu"]`.
   */
  readonly workers?: number;
}

/** How many threads the options ask for. Throws `invalid-argument` for options that none can be. */
export function workersOf(options: SessionOptions = {}): number {
  checkOptions(options);
  const { executionProviders = ["cpu"], workers } = options;
  const onCores = executionProviders.every((provider) => provider === "cpu");
  return workers ?? (onCores ? Math.min(4, availableParallelism()) : 1);
}

type Loaded = Extract<Reply, { kind: "loaded" }>;
type Body = Request extends infer R ? (R extends Request ? Omit<R, "call"> : never) : never;

/** The longest that the end of the process waits for a net at work, in milliseconds. */
const LONGEST_END_MS = 10_000;

/** Threads that live. */
const living = new Set<InferenceThread>();

// `process.exit` would end a thread within a run, and the whole process with it by SIGABRT.
process.on("exit", () => {
  const until = Date.now() + LONGEST_END_MS;
  for (const thread of living) thread.halt();
  for (const thread of living) thread.awaitHalt(until - Date.now());
});

/** ONNX Runtime on a thread of its own: its calls block, and the event loop must not. */
class InferenceThread {
  readonly #worker: Worker;
  readonly #gate = new NativeGate();
  readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: unknown) => void }>();
  #calls = 0;
  #ended: FaceKitError | undefined;
  #onIdle: (() => void) | undefined;

  /** Calls that wait for their answer. */
  get load(): number {
    return this.#waiting.size;
  }

  constructor(onEnd: () => void) {
    // A thread that runs a file refuses the flags of `node --input-type=module --eval`.
    const oneLiner = process.execArgv.some((flag) => flag.startsWith("--input-type"));
    this.#worker = new Worker(new URL("./inference-worker.js", import.meta.url), {
      workerData: this.#gate.memory,
      ...(oneLiner && { execArgv: [] }),
    });
    living.add(this);
    // A thread that waits keeps no process alive; one that works does.
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => {
      const call = this.#waiting.get(reply.call);
      this.#settle(reply.call);
      call?.resolve(reply);
    });
    const fail = (cause?: unknown): void => {
      living.delete(this);
      onEnd();
      this.#end(endedError(cause));
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

  /** No further call of ONNX Runtime begins. */
  halt(): void {
    this.#gate.shut();
  }

  /** Blocks until no call of ONNX Runtime is under way, or for so many milliseconds. */
  awaitHalt(milliseconds: number): void {
    this.#gate.awaitIdle(milliseconds);
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

/** A model on one thread. */
interface Place {
  readonly thread: InferenceThread;
  readonly loaded: Loaded;
}

interface SharedSession {
  readonly name: string;
  readonly options: SessionOptions;
  readonly model: Promise<Uint8Array>;
  /** Settles when the first thread has the model. */
  readonly first: Promise<Place>;
  /** Where the model is, on threads that live. */
  readonly places: Place[];
  /** Runs that wait for their answer. */
  running: number;
  /** Another thread is loading the model; never again where one could not. */
  growing: Promise<void> | undefined;
  users: number;
}

/** Kits of one process share the threads and, by model and options, the sessions. */
const threads: InferenceThread[] = [];
const shared = new Map<string, SharedSession>();

/**
 * A session on the inference threads, shared by all who ask for the same `key` (a model's SHA-256) with the same options.
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
  const { workers: _, ...own } = options;
  const id = JSON.stringify([key, own]);
  for (;;) {
    const joined = shared.get(id);
    const entry = joined ?? share(id, name, load, own);
    entry.users++;
    try {
      return wrap(entry, await entry.first, workersOf(options), () => release(id, entry));
    } catch (error) {
      await release(id, entry).catch(() => undefined);
      // What another's load failed by may be its own: its signal, its directories.
      if (joined === undefined) throw error;
    }
  }
}

function checkOptions(options: SessionOptions): void {
  checkKeys("session", options, ["executionProviders", "intraOpNumThreads", "workers"]);
  const { executionProviders: providers = ["cpu"], intraOpNumThreads = 1 } = options;
  checkNumber("session.intraOpNumThreads", intraOpNumThreads, { min: 1, max: 1024, integer: true });
  if (options.workers !== undefined) {
    checkNumber("session.workers", options.workers, { min: 1, max: 1024, integer: true });
  }
  if (!Array.isArray(providers) || providers.length === 0 || providers.some((entry) => typeof entry !== "string")) {
    throw new FaceKitError("invalid-argument", 'session.executionProviders wants names, for example ["cpu"].');
  }
}

function share(id: string, name: string, load: () => Promise<Uint8Array>, options: SessionOptions): SharedSession {
  const model = load();
  const thread = threads[0] ?? startThread();
  const places: Place[] = [];
  const first = model.then((bytes) => loadOn(thread, name, bytes, options));
  const entry: SharedSession = {
    name,
    options,
    model,
    first: first.then((place) => {
      places.push(place);
      return place;
    }),
    places,
    running: 0,
    growing: undefined,
    users: 0,
  };
  shared.set(id, entry);
  // Whoever comes after a failure loads anew.
  entry.first.catch(() => forget(id, entry));
  return entry;
}

function startThread(): InferenceThread {
  const started = new InferenceThread(() => {
    // Its sessions went with it; the next kit loads anew those that are nowhere else.
    const at = threads.indexOf(started);
    if (at >= 0) threads.splice(at, 1);
    for (const [id, { places }] of shared) {
      const lost = places.findIndex(({ thread }) => thread === started);
      if (lost >= 0) places.splice(lost, 1);
      if (lost >= 0 && places.length === 0) shared.delete(id);
    }
  });
  threads.push(started);
  return started;
}

/**
 * Runs the model where least waits. When all threads that have it are busy, one more loads it meanwhile: another that
 * there is, or a new one where two runs of this model meet. So a photo alone never starts a thread.
 */
async function run(
  entry: SharedSession,
  workers: number,
  inputs: Readonly<Record<string, OnnxInput>>,
  { alongside = false }: RunOptions,
): Promise<Reply> {
  const { places, running } = entry;
  const busy = places.length > 0 && places.every(({ thread }) => thread.load > 0);
  if (!alongside && busy && places.length < workers && (running >= places.length || threads.length > places.length)) {
    entry.growing ??= grow(entry);
  }
  const [first, ...others] = places;
  if (first === undefined) throw endedError();
  const place = others.reduce((least, other) => (other.thread.load < least.thread.load ? other : least), first);
  if (!alongside) entry.running++;
  try {
    const body = { kind: "run", session: place.loaded.session, inputs } as const;
    return await place.thread.call(body, buffersOf(inputs));
  } finally {
    if (!alongside) entry.running--;
  }
}

async function grow(entry: SharedSession): Promise<void> {
  const has = new Set(entry.places.map(({ thread }) => thread));
  try {
    const thread = threads.find((other) => !has.has(other)) ?? startThread();
    entry.places.push(await loadOn(thread, entry.name, await entry.model, entry.options));
    entry.growing = undefined;
  } catch {
    // There is no room for another; those that there are go on.
  }
}

function forget(id: string, entry: SharedSession): void {
  if (shared.get(id) === entry) shared.delete(id);
}

async function release(id: string, entry: SharedSession): Promise<void> {
  if (--entry.users > 0) return;
  forget(id, entry);
  await entry.growing;
  const places = await entry.first.then(() => entry.places.splice(0)).catch(() => []);
  if (shared.size === 0) {
    await Promise.all(threads.splice(0).map((thread) => thread.stop()));
    return;
  }
  // A thread that ended meanwhile has let the session go with itself.
  const letGo = places.map(({ thread, loaded }) => thread.call({ kind: "release", session: loaded.session }));
  await Promise.allSettled(letGo);
}

async function loadOn(
  thread: InferenceThread,
  name: string,
  model: Uint8Array,
  options: SessionOptions,
): Promise<Place> {
  const reply = await thread.call({ kind: "load", model, options });
  if (reply.kind === "loaded") return { thread, loaded: reply };
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
  entry: SharedSession,
  { loaded: { inputNames, outputNames } }: Place,
  workers: number,
  release: () => Promise<void>,
): OnnxSession {
  const { name } = entry;
  let released: Promise<void> | undefined;
  const closed = (): FaceKitError => new FaceKitError("closed", `Model "${name}" was closed.`, { adapter: name });
  return {
    inputNames,
    outputNames,
    async run(inputs, options = {}) {
      if (released !== undefined) throw closed();
      const reply = await run(entry, workers, inputs, options);
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

function endedError(cause?: unknown): FaceKitError {
  return new FaceKitError("inference-failed", "The inference thread ended; create another FaceKit.", { cause });
}

/** The inputs' buffers, where they are whole and may move. */
function buffersOf(inputs: Readonly<Record<string, OnnxInput>>): ArrayBuffer[] {
  return Object.values(inputs).flatMap(({ data }) =>
    data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength ? [data.buffer] : [],
  );
}
