import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type CloudinaryFile, CloudinaryFiles } from "./cloudinary-files.js";
import { digest, requestSignature, type SignatureAlgorithm, urlSignature } from "./cloudinary-signatures.js";
import { seeded } from "./samples.js";

/**
 * What befalls a request. `drop`: it is lost with its connection. `swallow`: it is carried out and its answer is lost.
 * `html` and `half-json`: it is carried out and the answer is garbled. `missing`: a read is told that there is no such file,
 * as by a cache that is behind. A number: it is refused with this HTTP status.
 */
export type CloudinaryFault = "drop" | "swallow" | "html" | "half-json" | "missing" | number;

/** Which requests: the Upload API, the Admin API, or reads of files. */
export type CloudinaryPart = "upload" | "admin" | "delivery";

export interface CloudinaryFaults {
  /** One of them at random. */
  readonly kinds: readonly CloudinaryFault[];
  /** For each request, 0 to 1. Default 1. */
  readonly chance?: number;
  /** Default: all. */
  readonly parts?: readonly CloudinaryPart[];
}

export interface CloudinaryServerOptions {
  /** Calls of the Admin API in an hour. Default 500, as on the free plan. */
  readonly adminCallsPerHour?: number;
  /** Default 10 MiB, as on the free plan. */
  readonly maxRawBytes?: number;
  /**
   * The stale-cache mode: a URL that was read gives the same for so many milliseconds, and one that does not name the newest
   * version gives what a cache may hold: the bytes of before, and 404 where there were none; and a deleted file is still
   * read. Default 0.
   */
  readonly staleMs?: number;
  /** Lists tell what was there so many milliseconds ago. Default 0. */
  readonly listLagMs?: number;
  /**
   * An upload waits up to so many milliseconds between its look for a file of that name and its writing, so that of two with
   * `overwrite: false` both may be told that they made it, and one is written over. Default 0: one wins.
   */
  readonly settleMs?: number;
  /** Whether an upload that found a file says `existing`, which no documentation promises. Default true. */
  readonly tellsExisting?: boolean;
  /** What requests must be signed with, as the account is set. Default `"sha1"`. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
}

export interface CloudinaryServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** The `CLOUDINARY_URL` for this server, through another address such as a proxy's where one is given. */
  url(address?: string): string;
  /** How many requests came. */
  readonly requests: { upload: number; admin: number; delivery: number };
  /** The public ids of all files that are there, and their contents. */
  files(): Map<string, Buffer>;
  /** Puts a file there behind the adapter's back. */
  place(publicId: string, contents: string): void;
  /** Takes a file away behind the adapter's back. */
  remove(publicId: string): void;
  /** From now on; without an argument no more. */
  inflict(faults?: CloudinaryFaults): void;
  /** From now on the API key is unknown. */
  expireCredentials(): void;
  /** The hour of the Admin API's limit begins anew. */
  nextHour(): void;
}

const cloudName = "facekit-test";
const apiKey = "123456789012345";
const apiSecret = "a-secret-for-tests";
const hour = 3_600_000;

/**
 * Speaks as much of Cloudinary's protocol as storing raw files needs: the Upload API (upload, explicit, destroy, rename)
 * with its signatures checked, the Admin API (ping, listing by prefix, details, deleting) with its hourly limit, and
 * delivery with signed URLs by version. Answers are as its documentation and its SDK have them:
 * https://cloudinary.com/documentation/image_upload_api_reference, https://cloudinary.com/documentation/admin_api.
 *
 * What the documentation leaves open is decided by options where an adapter might stand on it (`settleMs`,
 * `tellsExisting`), and here for the better in one thing: the Upload API sees what it wrote at once.
 */
export async function cloudinaryServer(options: CloudinaryServerOptions = {}): Promise<CloudinaryServer> {
  const { adminCallsPerHour = 500, maxRawBytes = 10_485_760, staleMs = 0, listLagMs = 0 } = options;
  const { settleMs = 0, tellsExisting = true, signatureAlgorithm = "sha1" } = options;
  const stored = new CloudinaryFiles(staleMs, listLagMs);
  const requests = { upload: 0, admin: 0, delivery: 0 };
  const random = seeded(1);
  const sockets = new Set<Socket>();
  let faults: CloudinaryFaults | undefined;
  let expired = false;
  let adminCalls = 0;

  const upload = async (action: string, kind: string, form: Map<string, string>): Promise<unknown> => {
    const type = form.get("type") ?? "upload";
    const id = (name: string): string => `${kind}/${type}/${checkedId(form.get(name) ?? "")}`;
    switch (action) {
      case "upload": {
        const key = id("public_id");
        const held = stored.get(key);
        if (held !== undefined && form.get("overwrite") === "0") {
          return { ...described(held), ...(tellsExisting && { existing: true }) };
        }
        const bytes = Buffer.from(/^data:[^,]*;base64,(.*)$/s.exec(form.get("file") ?? "")?.[1] ?? "", "base64");
        if (bytes.length === 0) throw new Refusal(400, "Empty file");
        if (bytes.length > maxRawBytes) {
          throw new Refusal(400, `File size too large. Got ${bytes.length}. Maximum is ${maxRawBytes}.`);
        }
        if (settleMs > 0) await pause(random() * settleMs);
        return described(stored.put(key, bytes));
      }
      case "explicit": {
        const held = stored.get(id("public_id"));
        if (held === undefined) throw new Refusal(404, `Resource not found - ${form.get("public_id")}`);
        return described(held);
      }
      case "destroy":
        return { result: stored.delete(id("public_id")) ? "ok" : "not found" };
      case "rename": {
        const held = stored.get(id("from_public_id"));
        if (held === undefined) throw new Refusal(404, `Resource not found - ${form.get("from_public_id")}`);
        const to = id("to_public_id");
        if (stored.get(to) !== undefined && form.get("overwrite") !== "1") {
          throw new Refusal(400, `to_public_id ${form.get("to_public_id")} already exists`);
        }
        const moved = stored.put(to, held.bytes);
        stored.delete(held.key);
        return described(moved);
      }
      default:
        throw new Refusal(404, `Unknown action ${action}`);
    }
  };

  const admin = (method: string, path: readonly string[], query: URLSearchParams): unknown => {
    const [what, kind, type, ...rest] = path;
    if (what === "ping") return { status: "ok" };
    if (what !== "resources" || kind === undefined) throw new Refusal(404, "Unknown API method");
    const folder = `${kind}/${type ?? "upload"}/`;
    if (rest.length > 0) {
      const held = stored.get(folder + rest.join("/"));
      if (held === undefined) throw new Refusal(404, `Resource not found - ${rest.join("/")}`);
      return described(held);
    }
    const prefix = folder + (query.get("prefix") ?? "");
    if (method === "DELETE") {
      const named = [...query.getAll("public_ids[]"), ...query.getAll("public_ids")].map((id) => folder + id);
      if (named.length > 100) throw new Refusal(400, "At most 100 public_ids");
      const all = named.length > 0 ? named : stored.all().flatMap(({ key }) => (key.startsWith(prefix) ? [key] : []));
      const now = all.slice(0, 1000);
      const deleted = now.map((key) => [key.slice(folder.length), stored.delete(key) ? "deleted" : "not_found"]);
      return {
        deleted: Object.fromEntries(deleted),
        partial: all.length > now.length,
        ...(all.length > now.length && { next_cursor: String(now.length) }),
      };
    }
    const most = Math.min(Number(query.get("max_results") ?? 10), 500);
    const from = Number(query.get("next_cursor") ?? 0);
    const listed = stored.listed(prefix);
    return {
      resources: listed.slice(from, from + most).map(described),
      ...(listed.length > from + most && { next_cursor: String(from + most) }),
    };
  };

  const adminAllowance = (response: ServerResponse): void => {
    adminCalls++;
    const reset = new Date(Math.ceil((Date.now() + 1) / hour) * hour);
    response.setHeader("x-featureratelimit-limit", adminCallsPerHour);
    response.setHeader("x-featureratelimit-remaining", Math.max(0, adminCallsPerHour - adminCalls));
    response.setHeader("x-featureratelimit-reset", reset.toUTCString());
    if (adminCalls <= adminCallsPerHour) return;
    const until = reset.toISOString().replace("T", " ").replace(/\..*/, " UTC");
    throw new Refusal(
      420,
      `Rate Limit Exceeded. Limit of ${adminCallsPerHour} api operations reached. Try again on ${until}`,
    );
  };

  const deliver = (path: readonly string[]): Buffer => {
    const [kind = "", type = "", ...rest] = path;
    const signature = /^s--(.+)--$/.exec(rest[0] ?? "")?.[1];
    if (signature !== undefined) rest.shift();
    const version = /^v(\d+)$/.exec(rest[0] ?? "")?.[1];
    if (version !== undefined) rest.shift();
    const publicId = rest.join("/");
    if (type === "authenticated" && signature !== urlSignature(publicId, apiSecret, signatureAlgorithm)) {
      throw new Refusal(401, "Invalid signature");
    }
    const bytes = stored.read(`${kind}/${type}/${publicId}`, version === undefined ? undefined : Number(version));
    if (bytes === undefined) throw new Refusal(404, `Resource not found - ${publicId}`);
    return bytes;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<Buffer | string> => {
    const path = url.pathname.split("/").slice(1).map(decodeURIComponent);
    const part = partOf(request, path);
    if (part === "delivery") {
      if (path[0] !== cloudName) throw new Refusal(404, `Unknown customer ${path[0]}`);
      return deliver(path.slice(1));
    }
    if (path[1] !== cloudName) throw new Refusal(401, `cloud_name mismatch`);
    const body = await bodyOf(request);
    if (part === "admin") {
      const wanted = `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString("base64")}`;
      if (expired || request.headers.authorization !== wanted) throw new Refusal(401, "Invalid credentials");
      adminAllowance(response);
      const query = request.method === "GET" ? url.searchParams : new URLSearchParams(body.toString());
      return JSON.stringify(admin(request.method ?? "GET", path.slice(2), query));
    }
    const form = formOf(request, body);
    if (expired || form.get("api_key") !== apiKey) throw new Refusal(401, `Unknown API key ${form.get("api_key")}`);
    const timestamp = Number(form.get("timestamp"));
    const signed = requestSignature(form, apiSecret, signatureAlgorithm);
    if (form.get("signature") !== signed.signature) {
      throw new Refusal(401, `Invalid Signature ${form.get("signature")}. String to sign - '${signed.text}'.`);
    }
    if (!(Math.abs(Date.now() / 1000 - timestamp) <= 3600)) {
      throw new Refusal(400, `Stale request - reported time is ${timestamp} which is more than 1 hour ago`);
    }
    return JSON.stringify(await upload(path[3] ?? "", path[2] ?? "", form));
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const part = partOf(request, url.pathname.split("/").slice(1));
    requests[part]++;
    const fault = chosen(part);
    if (fault === "drop") return void request.socket.destroy();
    if (typeof fault === "number") {
      response.statusCode = fault;
      return void response.end(JSON.stringify({ error: { message: `Refused with ${fault}` } }));
    }
    const answered =
      fault === "missing" ? Promise.reject(new Refusal(404, "Resource not found")) : answer(request, response, url);
    const body = await answered.catch((error: unknown) => {
      const { status, message } = error instanceof Refusal ? error : new Refusal(500, String(error));
      response.statusCode = status;
      response.setHeader("x-cld-error", message.replace(/[^ -~]/g, "?"));
      return JSON.stringify({ error: { message } });
    });
    if (fault === "swallow") return void request.socket.destroy();
    if (fault === "html") return void response.end("<html><body>Bad gateway</body></html>");
    response.end(fault === "half-json" ? body.slice(0, Math.max(1, Math.floor(body.length / 2))) : body);
  };

  const chosen = (part: CloudinaryPart): CloudinaryFault | undefined => {
    if (faults === undefined || !(faults.parts?.includes(part) ?? true)) return undefined;
    if (random() >= (faults.chance ?? 1)) return undefined;
    return faults.kinds[Math.floor(random() * faults.kinds.length)];
  };

  const server = createServer((request, response) => {
    // What else fails is the connection.
    serve(request, response).catch(() => request.socket.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("The server has no port.");
  const address = `http://127.0.0.1:${bound.port}`;

  return {
    address,
    requests,
    url(through = address) {
      const { host } = new URL(through);
      return `cloudinary://${apiKey}:${apiSecret}@${cloudName}?upload_prefix=http://${host}&secure=false&cname=${host}`;
    },
    files: () => new Map(stored.all().map(({ key, bytes }) => [key.replace(/^raw\/authenticated\//, ""), bytes])),
    place(publicId, contents) {
      stored.put(`raw/authenticated/${checkedId(publicId)}`, Buffer.from(contents));
    },
    remove(publicId) {
      stored.delete(`raw/authenticated/${publicId}`);
    },
    inflict(next) {
      faults = next;
    },
    expireCredentials() {
      expired = true;
    },
    nextHour() {
      adminCalls = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function partOf(request: IncomingMessage, path: readonly string[]): CloudinaryPart {
  if (path[0] !== "v1_1") return "delivery";
  return request.method === "POST" && path[2] !== "resources" ? "upload" : "admin";
}

/** https://cloudinary.com/documentation/ts_permitted_naming_conventions */
function checkedId(publicId: string): string {
  if (publicId.length < 1 || publicId.length > 255) throw new Refusal(400, "public_id must have 1 to 255 characters");
  if (!/^[\p{L}\p{N}._/-]+$/u.test(publicId) || /^[/ ]|[/ ]$|\/\//.test(publicId) || /(^|\/)v\d+\//.test(publicId)) {
    throw new Refusal(400, `public_id (${publicId}) is invalid`);
  }
  return publicId;
}

function described({ key, bytes, version, createdAt }: CloudinaryFile): object {
  const [resource_type, type, ...rest] = key.split("/");
  return {
    asset_id: digest("md5", key, "hex"),
    public_id: rest.join("/"),
    version,
    resource_type,
    type,
    created_at: createdAt.toISOString().replace(/\..*/, "Z"),
    bytes: bytes.length,
    etag: digest("md5", bytes, "hex"),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Multipart, as the SDK writes it: with boundaries that are shorter than Node's own parser takes. */
function formOf(request: IncomingMessage, body: Buffer): Map<string, string> {
  const boundary = /boundary="?([^";]+)/.exec(request.headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) throw new Refusal(400, "The request is no multipart form");
  const values = new Map<string, string>();
  for (const part of body.toString().split(`--${boundary}`)) {
    const [, name, value] = /^\r\n.*?name="([^"]*)".*?\r\n\r\n(.*)\r\n$/s.exec(part) ?? [];
    if (name === undefined || value === undefined) continue;
    const held = name.endsWith("[]") ? values.get(name.slice(0, -2)) : undefined;
    values.set(name.replace(/\[\]$/, ""), held === undefined ? value : `${held},${value}`);
  }
  return values;
}
