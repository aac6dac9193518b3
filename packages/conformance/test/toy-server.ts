import { connect, createServer } from "node:net";
import {
  type EmbeddingSpace,
  FaceKitError,
  type FaceKitErrorCode,
  type FaceRecord,
  type FaceRecordChange,
  type FaceRecordSelection,
  type FaceRecords,
  isFaceKitError,
  memoryFaceRecords,
  type NamespacedFaceRecord,
  specVersion,
} from "@facekit/core";

type Call =
  | { readonly what: "open"; readonly space: EmbeddingSpace }
  | {
      readonly what: "put";
      readonly namespace: string;
      readonly batch: readonly FaceRecord[];
      readonly ifRevision?: number;
    }
  | { readonly what: "delete"; readonly namespace: string; readonly selection: FaceRecordSelection }
  | { readonly what: "deleteNamespace" | "members"; readonly namespace: string }
  | { readonly what: "scan"; readonly namespace?: string }
  | { readonly what: "changes"; readonly since: number }
  | { readonly what: "revision" };

interface Request {
  /** Whose records. */
  readonly place: string;
  readonly call: Call;
}

const isBytes = (value: unknown): value is { f32: number[] } =>
  typeof value === "object" && value !== null && "f32" in value;
const isDate = (value: unknown): value is { date: number } =>
  typeof value === "object" && value !== null && "date" in value;

function toText(value: unknown): string {
  return `${JSON.stringify(value, function (this: Record<string, unknown>, key, item) {
    const raw = this[key];
    if (raw instanceof Date) return { date: raw.getTime() };
    return raw instanceof Float32Array ? { f32: [...raw] } : item;
  })}\n`;
}

function fromText(text: string): unknown {
  return JSON.parse(text, (_, item) => {
    if (isBytes(item)) return Float32Array.from(item.f32);
    return isDate(item) ? new Date(item.date) : item;
  });
}

/** The smallest database: records in memory, a call a connection, a line each way. */
export async function toyServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const places = new Map<string, FaceRecords>();
  const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = [];
    for await (const item of items) all.push(item);
    return all;
  };
  const answer = async ({ place, call }: Request): Promise<unknown> => {
    const records = places.get(place) ?? memoryFaceRecords();
    places.set(place, records);
    if (call.what === "open") return records.open(call.space);
    if (call.what === "put") {
      const { ifRevision } = call;
      return records.put(call.namespace, call.batch, ifRevision === undefined ? {} : { ifRevision });
    }
    if (call.what === "delete") return records.delete(call.namespace, call.selection);
    if (call.what === "deleteNamespace") return records.deleteNamespace(call.namespace);
    if (call.what === "members") return collect(records.members(call.namespace));
    if (call.what === "scan") return collect(records.scan(call.namespace));
    return call.what === "changes" ? collect(records.changes(call.since)) : records.revision();
  };
  const server = createServer((socket) => {
    let text = "";
    socket
      .on("error", () => undefined)
      .on("data", (piece) => {
        text += piece.toString();
        if (!text.endsWith("\n")) return;
        // As it was sent by the client below.
        const request = fromText(text) as Request;
        answer(request).then(
          (result) => socket.end(toText({ result })),
          (error: unknown) => socket.end(toText({ code: isFaceKitError(error) ? error.code : "", why: String(error) })),
        );
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `toy://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export interface ToyClientOptions {
  /** Sends what broke once more without asking, or gives the socket's own errors. */
  readonly wrong?: "repeats conditions" | "untyped errors" | "acknowledges early";
}

export function toyRecords(url: string, place: string, { wrong }: ToyClientOptions = {}): FaceRecords {
  const { hostname, port } = new URL(url);
  const ask = (call: Call): Promise<unknown> =>
    new Promise((resolve, reject) => {
      let text = "";
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(toText({ place, call })));
      const broken = (): void =>
        reject(
          wrong === "untyped errors"
            ? new Error("socket hang up")
            : new FaceKitError("store-unavailable", "The connection broke.", { retryable: true }),
        );
      socket.on("error", broken).on("data", (piece) => {
        text += piece.toString();
      });
      socket.on("close", () => {
        if (!text.endsWith("\n")) return broken();
        const answer = fromText(text) as { result?: unknown; code?: FaceKitErrorCode; why?: string };
        if (answer.code === undefined) resolve(answer.result);
        else reject(new FaceKitError(answer.code, answer.why ?? ""));
      });
    });
  const yieldAll = async function* <T>(call: Call): AsyncGenerator<T> {
    yield* (await ask(call)) as T[];
  };
  type Written = { revision: number };
  return {
    specVersion,
    id: "toy-records",
    capabilities: { persistent: true },
    open: async (space) => void (await ask({ what: "open", space })),
    async put(namespace, batch, { ifRevision } = {}) {
      const call: Call = { what: "put", namespace, batch, ...(ifRevision !== undefined && { ifRevision }) };
      if (wrong === "acknowledges early") {
        ask(call).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { revision: 0 };
      }
      if (wrong !== "repeats conditions") return (await ask(call)) as Written;
      return (await ask(call).catch(() => ask({ what: "put", namespace, batch }))) as Written;
    },
    delete: async (namespace, selection) =>
      (await ask({ what: "delete", namespace, selection })) as Written & { deleted: number },
    deleteNamespace: async (namespace) =>
      (await ask({ what: "deleteNamespace", namespace })) as Written & { deleted: number },
    scan: (namespace) =>
      yieldAll<NamespacedFaceRecord>({ what: "scan", ...(namespace !== undefined && { namespace }) }),
    revision: async () => (await ask({ what: "revision" })) as number,
    changes: (since) => yieldAll<FaceRecordChange>({ what: "changes", since }),
    members: (namespace) => yieldAll({ what: "members", namespace }),
    async [Symbol.asyncDispose]() {},
  };
}
