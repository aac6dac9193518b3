import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Member, Purchase } from "@facekit/core";
import { seeded } from "./samples.js";

/** Chances are 0 to 1, for each request but logins. */
export interface MembersApiFaults {
  /** That a request is refused with 429 and `Retry-After`. */
  readonly throttle: number;
  /** What `Retry-After` says, in whole seconds. */
  readonly retryAfterSeconds: number;
  /** That a request fails with 500 before anything is done. */
  readonly fail: number;
  /** That what was done is answered with a page of HTML, status 200. */
  readonly html: number;
  /** That what was done is answered with the first half of the JSON. */
  readonly half: number;
  /** An answer comes so many milliseconds late at most. */
  readonly slowMs: number;
  /** That the token of a request has expired. */
  readonly expire: number;
}

export interface MembersApiOptions {
  /** The members of the venue "default". */
  readonly members?: readonly Member[];
  /** Their purchases by member id. */
  readonly purchases?: Readonly<Record<string, readonly Purchase[]>>;
  /** Default: any free one. */
  readonly port?: number;
  /** What the login wants. Defaults `"desk"` and `"open sesame"`. */
  readonly user?: string;
  readonly password?: string;
  /** Default an hour. */
  readonly tokenLifeMs?: number;
  /** Refuse with 429 what is more in any one second. Default: nothing is refused. */
  readonly requestsPerSecond?: number;
  /** The most that a page holds, whatever is asked for. Default 100. */
  readonly mostPerPage?: number;
}

export interface MembersApi extends AsyncDisposable {
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What came so far. `mostAtOnce` is how many requests were at work at a time. */
  readonly counts: { logins: number; requests: number; refused: number; mostAtOnce: number };
  /** From now on. None at first. */
  inflict(faults: Partial<MembersApiFaults>): void;
  /** No token that was given counts any more. */
  expireTokens(): void;
  close(): Promise<void>;
}

interface Customer {
  member: Member;
  readonly purchases: Map<string, Purchase>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const none: MembersApiFaults = {
  throttle: 0,
  retryAfterSeconds: 1,
  fail: 0,
  html: 0,
  half: 0,
  slowMs: 0,
  expire: 0,
};

/**
 * A members' API as a shop may have it, in memory: a login for a token, customers and purchases by venue, pages by number,
 * offset or cursor, and bad days on demand. `docs/members-http.md` lists its calls.
 */
export async function startMembersApi(options: MembersApiOptions = {}): Promise<MembersApi> {
  const { user = "desk", password = "open sesame", tokenLifeMs = 3_600_000, mostPerPage = 100 } = options;
  const { requestsPerSecond = Number.POSITIVE_INFINITY } = options;
  const venues = new Map<string, Map<string, Customer>>();
  const tokens = new Map<string, number>();
  const random = seeded(1);
  const counts = { logins: 0, requests: 0, refused: 0, mostAtOnce: 0 };
  let faults = none;
  let atWork = 0;
  let second = 0;
  let inSecond = 0;

  const venue = (name: string): Map<string, Customer> => {
    const customers = venues.get(name) ?? new Map<string, Customer>();
    venues.set(name, customers);
    return customers;
  };
  for (const member of options.members ?? []) {
    const purchases = Object.hasOwn(options.purchases ?? {}, member.id) ? options.purchases?.[member.id] : undefined;
    venue("default").set(member.id, { member, purchases: new Map(purchases?.map((each) => [each.id, each])) });
  }

  const login = (body: unknown): Answer => {
    counts.logins++;
    if (at(body, "user") !== user || at(body, "password") !== password) return refusal(401, "wrong user or password");
    const token = randomUUID();
    tokens.set(token, performance.now() + tokenLifeMs);
    return { status: 200, body: { data: { token, expires_in: tokenLifeMs / 1000 } } };
  };

  const isKnown = (authorization: string | undefined): boolean => {
    const token = authorization?.replace(/^Bearer /, "") ?? "";
    if (random() < faults.expire) tokens.delete(token);
    return (tokens.get(token) ?? 0) > performance.now();
  };

  const customersCall = (method: string, parts: readonly string[], query: URLSearchParams, request: Asked): Answer => {
    const [venueName = "", id, what, purchaseId] = parts;
    const customers = venue(venueName);
    if (id === undefined) {
      if (method !== "GET") return refusal(405, "only GET");
      const sorted = [...customers.values()].sort((a, b) => (a.member.id < b.member.id ? -1 : 1));
      const page = pageOf(sorted, query, mostPerPage, ({ member }) => member.id);
      return { status: 200, body: { data: { customers: page.items.map(customerOf) }, paging: page.paging } };
    }
    const customer = customers.get(id);
    if (what === undefined) {
      if (method === "PUT") {
        const member = memberOf(id, at(request.body, "customer"));
        if (customer === undefined) customers.set(id, { member, purchases: new Map() });
        else customer.member = member;
        return { status: 200, body: { data: { customer: customerOf({ member, purchases: new Map() }) } } };
      }
      if (customer === undefined) return refusal(404, "no such customer");
      if (method === "PATCH") customer.member = { ...customer.member, ...memberOf(id, at(request.body, "customer")) };
      if (method === "GET" || method === "PATCH") {
        return { status: 200, body: { data: { customer: customerOf(customer) } } };
      }
      if (method !== "DELETE") return refusal(405, "only GET, PUT, PATCH and DELETE");
      customers.delete(id);
      return { status: 204 };
    }
    if (what !== "purchases") return refusal(404, "no such path");
    if (customer === undefined) return refusal(404, "no such customer");
    if (purchaseId === undefined) {
      if (method !== "GET") return refusal(405, "only GET");
      const time = ({ at: date }: Purchase): number => date?.getTime() ?? Number.MAX_SAFE_INTEGER;
      const sorted = [...customer.purchases.values()].sort((a, b) => time(a) - time(b) || (a.id < b.id ? -1 : 1));
      const page = pageOf(sorted, query, mostPerPage);
      return { status: 200, body: { data: { purchases: page.items.map(lineOf) }, paging: page.paging } };
    }
    if (method !== "PUT") return refusal(405, "only PUT");
    if (customer.purchases.has(purchaseId)) {
      if (request.ifNoneMatch === "*") return refusal(412, "there is such a purchase");
    }
    customer.purchases.set(purchaseId, purchaseOf(purchaseId, at(request.body, "purchase")));
    return { status: 201 };
  };

  const answer = (request: IncomingMessage, body: unknown): Answer => {
    const { method = "GET" } = request;
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/v1/login") return method === "POST" ? login(body) : refusal(405, "only POST");
    counts.requests++;
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, inSecond] = [now, 0];
    if (++inSecond > requestsPerSecond || random() < faults.throttle) {
      counts.refused++;
      const headers = { "retry-after": String(faults.retryAfterSeconds) };
      return { ...refusal(429, "too many requests"), headers };
    }
    if (random() < faults.fail) return refusal(500, "something went wrong");
    if (!isKnown(request.headers.authorization)) return refusal(401, "no valid token");
    const parts = pathname.split("/").slice(1).map(decodeURIComponent);
    const [version, venueName, kind, ...rest] = parts;
    if (version !== "v1" || kind !== "customers" || venueName === undefined) return refusal(404, "no such path");
    return customersCall(method, [venueName, ...rest], searchParams, {
      body,
      ifNoneMatch: request.headers["if-none-match"],
    });
  };

  const server = createServer(async (request, response) => {
    counts.mostAtOnce = Math.max(counts.mostAtOnce, ++atWork);
    response.once("close", () => atWork--);
    try {
      const body = await bodyOf(request);
      const reply = answered(() => answer(request, body));
      const isLogin = request.url === "/v1/login";
      const lateMs = random() * faults.slowMs;
      if (lateMs >= 1) await new Promise((resolve) => setTimeout(resolve, lateMs));
      send(response, reply, isLogin ? "" : random() < faults.html ? "html" : random() < faults.half ? "half" : "");
    } catch {
      // The request broke off: nothing was done, and nobody waits for an answer.
      response.destroy();
    }
  });
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve),
  );
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The members' API has no port.");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    counts,
    inflict(next) {
      faults = { ...none, ...next };
    },
    expireTokens: () => tokens.clear(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Asked {
  readonly body: unknown;
  readonly ifNoneMatch: string | undefined;
}

/** What cannot be answered is the caller's mistake: a path that is no UTF-8, a body that is no customer. */
function answered(call: () => Answer): Answer {
  try {
    return call();
  } catch {
    return refusal(400, "this request cannot be read");
  }
}

function refusal(status: number, message: string): Answer {
  return { status, body: { error: { message } } };
}

function send(response: ServerResponse, { status, body, headers }: Answer, damage: "" | "html" | "half"): void {
  if (damage === "html") {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>We will be back soon</title>");
    return;
  }
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(damage === "half" ? text.slice(0, text.length / 2) : text);
}

/** The body as JSON, undefined where there is none. Rejects where it breaks off, is larger than a megabyte or no JSON. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > 1_000_000) throw new Error("too large");
  }
  return bytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

interface Page<T> {
  readonly items: readonly T[];
  readonly paging: { readonly total: number; readonly next: string | null };
}

/**
 * By `offset`, or by `page` from 1 on, or, where items lie by id, by `after`: a cursor. `limit` or `per_page` is how many.
 */
function pageOf<T>(
  all: readonly T[],
  query: URLSearchParams,
  most: number,
  idOf: ((item: T) => string) | undefined = undefined,
): Page<T> {
  const wanted = Number(query.get("limit") ?? query.get("per_page") ?? most);
  const size = Math.min(most, Math.max(1, Math.floor(wanted) || most));
  const cursor = idOf === undefined ? null : query.get("after");
  let start = Number(query.get("offset") ?? (Math.max(1, Number(query.get("page") ?? 1)) - 1) * size);
  if (cursor !== null) {
    const after = Buffer.from(cursor, "base64url").toString();
    const next = all.findIndex((item) => (idOf?.(item) ?? "") > after);
    start = next < 0 ? all.length : next;
  }
  const items = all.slice(start, start + size);
  const last = items.at(-1);
  const more = idOf !== undefined && last !== undefined && start + size < all.length;
  const next = more ? Buffer.from(idOf(last)).toString("base64url") : null;
  return { items, paging: { total: all.length, next } };
}

function customerOf({ member: { id, name, email, phone, createdAt } }: Customer): unknown {
  return { id, full_name: name, contact: { email, phone }, created_at: createdAt?.toISOString() };
}

function memberOf(id: string, customer: unknown): Member {
  const createdAt = text(at(customer, "created_at"));
  const contact = at(customer, "contact");
  return given({
    id,
    name: text(at(customer, "full_name")),
    email: text(at(contact, "email")),
    phone: text(at(contact, "phone")),
    createdAt: createdAt === undefined ? undefined : new Date(createdAt),
  });
}

function lineOf({ id, product, quantity, total, currency, at: date }: Purchase): unknown {
  return { id, product: { name: product }, quantity, total, currency, bought_at: date?.toISOString() };
}

function purchaseOf(id: string, line: unknown): Purchase {
  const [product, quantity] = [text(at(at(line, "product"), "name")), at(line, "quantity")];
  const [total, currency, date] = ["total", "currency", "bought_at"].map((name) => text(at(line, name)));
  if (product === undefined || typeof quantity !== "number" || total === undefined || currency === undefined) {
    throw new Error("no purchase");
  }
  return { id, product, quantity, total, currency, ...(date !== undefined && { at: new Date(date) }) };
}

/** Without what is undefined. */
function given(member: { readonly id: string } & { readonly [K in keyof Member]: Member[K] | undefined }): Member {
  const { id, name, email, phone, createdAt } = member;
  return {
    id,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(createdAt !== undefined && { createdAt }),
  };
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
