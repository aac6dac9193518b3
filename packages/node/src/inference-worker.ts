import { parentPort, workerData } from "node:worker_threads";
import { inputTensor, type OnnxInput, type OnnxTensor } from "@facekit/onnx";
import * as ort from "onnxruntime-node";
import { NativeGate } from "./native-gate.js";
import type { SessionOptions } from "./session.js";

export type Request =
  | { readonly kind: "load"; readonly call: number; readonly model: Uint8Array; readonly options: SessionOptions }
  | {
      readonly kind: "run";
      readonly call: number;
      readonly session: number;
      readonly inputs: Readonly<Record<string, OnnxInput>>;
    }
  | { readonly kind: "release"; readonly call: number; readonly session: number };

export type Reply =
  | {
      readonly kind: "loaded";
      readonly call: number;
      readonly session: number;
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
    }
  | { readonly kind: "done"; readonly call: number; readonly outputs: Readonly<Record<string, OnnxTensor>> }
  | { readonly kind: "failed"; readonly call: number; readonly message: string };

const sessions = new Map<number, ort.InferenceSession>();
let lastSession = 0;
const gate = new NativeGate(workerData);

/** One request after the other: what a net reads may lie where the next one's `inputTensor` would be written. */
let last: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: Request) => {
  const reply = last.then(() => gate.pass(() => answer(request)));
  last = reply.then(
    (reply) => parentPort?.postMessage(reply, reply.kind === "done" ? buffersOf(reply.outputs) : []),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ kind: "failed", call: request.call, message } satisfies Reply);
    },
  );
});

async function answer(request: Request): Promise<Reply> {
  const { call } = request;
  switch (request.kind) {
    case "load": {
      const { executionProviders = ["cpu"], intraOpNumThreads = 1 } = request.options;
      const session = await ort.InferenceSession.create(request.model, {
        executionProviders,
        intraOpNumThreads,
        interOpNumThreads: 1,
        // Warnings about unused initialisers are none of the user's business; errors come as exceptions.
        logSeverityLevel: 3,
      });
      sessions.set(++lastSession, session);
      const { inputNames, outputNames } = session;
      return { kind: "loaded", call, session: lastSession, inputNames, outputNames };
    }
    case "run": {
      const session = sessions.get(request.session);
      if (session === undefined) throw new Error("the session was released");
      const feeds = Object.entries(request.inputs).map(([name, tensor]) => [name, tensorOf(tensor)] as const);
      const results = await session.run(Object.fromEntries(feeds));
      return { kind: "done", call, outputs: Object.fromEntries(Object.entries(results).flatMap(plainOf)) };
    }
    case "release": {
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return { kind: "done", call, outputs: {} };
    }
  }
}

function tensorOf(input: OnnxInput): ort.Tensor {
  const { type, data, dims } = inputTensor(input);
  return type === "uint8" ? new ort.Tensor(type, data, dims) : new ort.Tensor(type, data, dims);
}

function plainOf([name, tensor]: [string, ort.OnnxValue]): [string, OnnxTensor][] {
  if (tensor.type === "float32" && tensor.data instanceof Float32Array) {
    return [[name, { type: "float32", data: tensor.data, dims: tensor.dims }]];
  }
  return [];
}

function buffersOf(outputs: Readonly<Record<string, OnnxTensor>>): ArrayBuffer[] {
  return Object.values(outputs).flatMap(({ data }) =>
    data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength ? [data.buffer] : [],
  );
}
