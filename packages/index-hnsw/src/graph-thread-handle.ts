import { Worker } from "node:worker_threads";
import { graphThreadScript } from "../generated/graph-thread.js";
import { type GraphAnswer, type GraphRequest, type GraphSetup, isEnded, isWorking } from "./graph-messages.js";

interface Answer {
  readonly call: number;
  readonly result?: GraphAnswer[GraphRequest["kind"]];
  readonly failure?: string;
}

interface Waiting {
  resolve(result: GraphAnswer[GraphRequest["kind"]]): void;
  reject(error: Error): void;
}

/** Longer than loading takes. */
const mostMsToWait = 30_000;

/** Those that run: the end of the process must find none at work. */
const running = new Set<GraphThread>();

function endAll(): void {
  for (const thread of running) thread.waitUntilIdle();
}

/** A thread with one graph. It keeps the process alive only while a call that was asked to is under way. */
export class GraphThread {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #exited: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #held = 0;
  #ended: Error | undefined;

  constructor(setup: Omit<GraphSetup, "state">) {
    const workerData: GraphSetup = { ...setup, state: this.#state };
    // The process's own flags, a loader perhaps, are none of its business.
    this.#worker = new Worker(graphThreadScript, { eval: true, execArgv: [], stdin: false, workerData });
    this.#worker.unref();
    if (running.size === 0) process.on("exit", endAll);
    running.add(this);
    this.#worker.on("message", (answer: Answer) => this.#take(answer));
    this.#worker.on("error", (error: Error) => this.#end(error));
    this.#worker.on("messageerror", (error: Error) => this.#end(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        running.delete(this);
        if (running.size === 0) process.off("exit", endAll);
        this.#end(new Error("The thread of the graph ended."));
        resolve();
      });
    });
  }

  /** Whether it can be asked. */
  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /** Asks in turn. Rejects where the thread cannot do it or ends before. Buffers of what is sent are gone here. */
  async call<Request extends GraphRequest>(request: Request): Promise<GraphAnswer[Request["kind"]]> {
    if (this.#ended !== undefined) throw this.#ended;
    const call = ++this.#calls;
    const done = new Promise<GraphAnswer[GraphRequest["kind"]]>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
    });
    this.#worker.postMessage({ call, request }, buffersOf(request));
    // The answer of a call is of the call's kind.
    return (await done) as GraphAnswer[Request["kind"]];
  }

  /** Keeps the process alive until `work` settles. */
  async holding<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#held++ === 0) this.#worker.ref();
    try {
      return await work();
    } finally {
      if (--this.#held === 0) this.#worker.unref();
    }
  }

  /** Lets it end what it is at, and no more. */
  async end(): Promise<void> {
    this.#end(new Error("The graph was dropped."));
    Atomics.store(this.#state, isEnded, 1);
    const request: GraphRequest = { kind: "end" };
    this.#worker.postMessage({ call: ++this.#calls, request });
    await this.holding(() => this.#exited);
  }

  /** For the end of the process: keeps the thread from any more work and waits for what it is at. */
  waitUntilIdle(): void {
    Atomics.store(this.#state, isEnded, 1);
    Atomics.wait(this.#state, isWorking, 1, mostMsToWait);
  }

  #take({ call, result, failure }: Answer): void {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (failure === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(failure));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

function buffersOf(request: GraphRequest): ArrayBuffer[] {
  if (request.kind === "add" || request.kind === "fill") return [request.vectors.buffer];
  if (request.kind === "load") return [request.links.buffer];
  return request.kind === "search" ? [request.queries.buffer] : [];
}
