import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { VectorIndex } from "@facekit/core";
import { Collections } from "./rekognition/collections.js";
import type { RekognitionEngine } from "./rekognition/engine.js";
import { type Body, ServiceError } from "./rekognition/requests.js";

export type { RekognitionEngine } from "./rekognition/engine.js";

export interface RekognitionServerOptions {
  /** What recognises and searches. It stays the caller's; the index is emptied. */
  readonly engine: RekognitionEngine & { readonly index: VectorIndex };
  /** The service's confidence, 0..100, of a cosine; greater for greater ones. Default `50 + 50 * cosine`. */
  readonly confidence?: (cosine: number) => number;
  /** How long searches do not see a write, in milliseconds. Default 0. */
  readonly lagMs?: number;
  /** How long each answer takes beside its work, in milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** More requests in a second than this are refused with `ProvisionedThroughputExceededException`. Default: no limit. */
  readonly requestsPerSecond?: number;
  /** Lists give pages of this at most, whatever was asked for. Default 4,096. */
  readonly pageSize?: number;
}

/**
 * What goes wrong with a request. `throttled`, `over-throughput`, `internal-error` and `not-found` are errors of the service,
 * and nothing is done; `faces-kept` is a deletion of faces that keeps them all and says so; `html` and `half-json` are done,
 * and their answers cannot be read; `not-done` and `unanswered` are left without an answer, before the work or after it;
 * `cut-off` is done, and the connection closed.
 */
export type RekognitionFault =
  | "throttled"
  | "over-throughput"
  | "internal-error"
  | "not-found"
  | "faces-kept"
  | "expired-credentials"
  | "unknown-credentials"
  | "access-denied"
  | "html"
  | "half-json"
  | "not-done"
  | "unanswered"
  | "cut-off";

export interface RekognitionServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Requests by operation, once the work on them has ended, however it did. */
  readonly requests: ReadonlyMap<string, number>;
  /** Those that come next go wrong: the next one, or so many (`times`), of all operations or of one. */
  inflict(fault: RekognitionFault, options?: { readonly operation?: string; readonly times?: number }): void;
  /** Nothing goes wrong any more. */
  relent(): void;
  /** Fulfils when nothing is at work: what processes sent that were killed has been done, too. */
  idle(): Promise<void>;
}

/**
 * Speaks Amazon Rekognition's protocol (JSON 1.1 over HTTP, operations in `X-Amz-Target`, errors in `__type`) with its
 * limits, on 127.0.0.1. What it finds comes from the engine, so that what is searched is really searched. Signatures are
 * wanted and not checked.
 */
export async function rekognitionServer(options: RekognitionServerOptions): Promise<RekognitionServer> {
  const { engine, confidence = (cosine) => 50 + 50 * cosine, lagMs = 0, latencyMs = 0, pageSize = 4096 } = options;
  const collections = new Collections({ engine, confidence, lagMs, pageSize });
  const requests = new Map<string, number>();
  const recent: number[] = [];
  let faults: { readonly fault: RekognitionFault; readonly operation: string | undefined; times: number }[] = [];

  const faultOf = (operation: string): RekognitionFault | undefined => {
    const found = faults.find((one) => one.times > 0 && (one.operation ?? operation) === operation);
    if (found !== undefined) found.times--;
    return found?.fault;
  };

  const checkRate = (): void => {
    const { requestsPerSecond = Number.POSITIVE_INFINITY } = options;
    const now = performance.now();
    while ((recent[0] ?? now) < now - 1000) recent.shift();
    if (recent.length >= requestsPerSecond) throw errorOf("over-throughput");
    recent.push(now);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { operation, body } = await read(request);
    const fault = faultOf(operation);
    const count = (): unknown => requests.set(operation, (requests.get(operation) ?? 0) + 1);
    if (fault === "not-done") return void count();
    try {
      if (fault !== undefined && fault in refusals) throw errorOf(fault);
      if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ")) throw errorOf("access-denied");
      checkRate();
      if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
      const answer = fault === "faces-kept" ? facesKept(body) : await collections.answer(operation, body);
      if (answer === undefined) throw new ServiceError("UnknownOperationException", operation);
      count();
      if (fault === "unanswered") return;
      if (fault === "cut-off") return void response.destroy();
      const text = JSON.stringify(answer);
      if (fault === "html") send(response, 200, "<html><body>Welcome to the Wi-Fi</body></html>");
      else send(response, 200, fault === "half-json" ? text.slice(0, Math.ceil(text.length / 2)) : text);
    } catch (error) {
      count();
      const { type, message, status } =
        error instanceof ServiceError ? error : new ServiceError("InternalServerError", String(error), 500);
      send(response, status, JSON.stringify({ __type: type, message }));
    }
  };

  let atWork = 0;
  const server = createServer((request, response) => {
    atWork++;
    serve(request, response)
      .catch(() => response.destroy())
      .finally(() => atWork--);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    inflict(fault, { operation, times = 1 } = {}) {
      faults.push({ fault, operation, times });
    },
    relent() {
      faults = [];
    },
    async idle() {
      // What a connection has brought is read in the next turns of the event loop.
      for (let turns = 0; turns < 10; turns = atWork > 0 ? 0 : turns + 1) {
        await new Promise<void>((resolve) => setImmediate(() => resolve()));
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refusals: Partial<Record<RekognitionFault, readonly [type: string, message: string, status: 400 | 500]>> = {
  throttled: ["ThrottlingException", "Rate exceeded", 400],
  "over-throughput": ["ProvisionedThroughputExceededException", "Provisioned rate exceeded", 400],
  "internal-error": ["InternalServerError", "Internal server error", 500],
  "not-found": ["ResourceNotFoundException", "The resource does not exist", 400],
  "expired-credentials": ["ExpiredTokenException", "The security token included in the request is expired", 400],
  "unknown-credentials": ["UnrecognizedClientException", "The security token included in the request is invalid", 400],
  "access-denied": ["AccessDeniedException", "User is not authorized to perform this operation", 400],
};

function errorOf(fault: RekognitionFault): ServiceError {
  const [type, message, status] = refusals[fault] ?? ["InternalServerError", fault, 500];
  return new ServiceError(type, message, status);
}

function facesKept({ FaceIds: ids }: Body): Body {
  const kept = Array.isArray(ids) ? ids : [];
  return {
    DeletedFaces: [],
    UnsuccessfulFaceDeletions: kept.map((FaceId) => ({ FaceId, Reasons: ["ASSOCIATED_TO_AN_EXISTING_USER"] })),
  };
}

async function read(request: IncomingMessage): Promise<{ readonly operation: string; readonly body: Body }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece);
  const [, operation = ""] = String(request.headers["x-amz-target"]).split("RekognitionService.");
  const parsed: unknown = JSON.parse(Buffer.concat(pieces).toString());
  return { operation, body: typeof parsed === "object" && parsed !== null ? { ...parsed } : {} };
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(body);
}
