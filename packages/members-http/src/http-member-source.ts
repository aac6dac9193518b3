import {
  abortable,
  type CallOptions,
  checkId,
  checkMember,
  checkPurchase,
  closedError,
  type Member,
  type MemberSource,
  type Purchase,
  specVersion,
  unknownMemberError,
} from "@facekit/core";
import { createClient, type HttpAnswer, type HttpRequest } from "./client.js";
import { fillAll } from "./environment.js";
import { adapterId, invalid, nameOf, notSupported, unavailable } from "./failures.js";
import { idAt, readMember, readPurchase, writeMember, writePurchase } from "./fields.js";
import { at, putAt } from "./json.js";
import { checkOptions, type HttpMemberSourceOptions, type WriteOptions } from "./options.js";
import { pages } from "./paging.js";
import { rateLimit } from "./rate-limit.js";
import { createSession } from "./session.js";

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly repeatable?: boolean;
  readonly accept: readonly number[];
}

/**
 * Members behind a JSON API: `docs/members-http.md` has a whole configuration. What the API cannot do is missing from the
 * capabilities. Throws `invalid-argument` for a configuration that names no API, and `access-denied` for an environment
 * variable that is not set.
 */
export function httpMemberSource(options: HttpMemberSourceOptions): MemberSource {
  checkOptions(options);
  // What the caller writes into the options later changes nothing.
  const { environment = process.env, fetch: given, ...data } = options;
  const configuration: HttpMemberSourceOptions = structuredClone(data);
  const { member, list, purchases, dates = "iso", sortAtMost = 100_000 } = configuration;
  const base = new URL(configuration.baseUrl);
  const headers = (): Record<string, string> => ({
    accept: "application/json",
    ...fillAll(configuration.headers, environment),
  });
  const client = createClient({
    // Looked up late: tests and instrumentation replace the global one.
    fetch: given ?? ((input, init) => fetch(input, init)),
    timeoutMs: configuration.timeoutMs ?? 5_000,
    deadlineMs: configuration.deadlineMs ?? 20_000,
    maxResponseBytes: configuration.maxResponseBytes ?? 8 * 2 ** 20,
    limit: rateLimit({
      requestsPerSecond: configuration.requestsPerSecond ?? Number.POSITIVE_INFINITY,
      concurrentRequests: configuration.concurrentRequests ?? 8,
    }),
  });
  const { login } = configuration;
  const session = login && createSession({ client, url: urlOf(base, login.path, {}), login, headers, environment });
  let closed = false;

  const call = async (
    asked: Call,
    callOptions: CallOptions | undefined,
    deadline = client.deadline(),
  ): Promise<HttpAnswer> => {
    if (closed) throw closedError(adapterId, base.origin);
    const { method, url, repeatable = method !== "POST", accept } = asked;
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const signal = callOptions?.signal;
    const work = (): Promise<HttpAnswer> => {
      const request: HttpRequest = {
        method,
        url,
        headers: {
          ...headers(),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...fillAll(asked.headers, environment),
        },
        repeatable,
        accept,
        ...(body !== undefined && { body }),
      };
      if (session !== undefined) return session.send(request, deadline, signal);
      return client.inTurn(() => client.send(request, deadline, signal), deadline, signal);
    };
    return abortable(client.persist(work, deadline, callOptions), signal);
  };

  /** The method and address of a write, and its body around a record. */
  const writing = (write: WriteOptions, method: string, values: PathValues, record?: Record<string, unknown>): Call => {
    const placed: Record<string, unknown> = {};
    if (record !== undefined && write.at !== undefined) putAt(placed, write.at, record);
    return {
      method: write.method ?? method,
      url: urlOf(base, write.path, values),
      headers: write.headers,
      body: record !== undefined && write.at !== undefined ? placed : record,
      accept: [],
    };
  };

  const putBy = async (
    deadline: number,
    namespace: string,
    given: Member,
    callOptions: CallOptions | undefined,
  ): Promise<void> => {
    const { put } = configuration;
    if (put === undefined) throw notSupported("The configuration of this members' API has no put.");
    const record = writeMember(given, member.fields, dates);
    await call(writing(put, "PUT", { namespace, id: given.id }, record), callOptions, deadline);
  };

  const source: MemberSource = {
    specVersion,
    id: adapterId,
    capabilities: {
      writable: configuration.put !== undefined && configuration.delete !== undefined,
      purchases: purchases !== undefined,
      persistent: true,
    },

    async get(namespace, memberId, callOptions) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const url = urlOf(base, member.path, { namespace, id: memberId });
      const answer = await call({ method: "GET", url, accept: [404, 410] }, callOptions);
      if (answer.status >= 400 || answer.json === undefined) return undefined;
      const record = at(answer.json, member.at);
      if (record === null) return undefined;
      const id = Array.isArray(record) ? undefined : idAt(record, member.fields.id);
      // An answer such as {"success":false} is no member.
      if (id === undefined) {
        const where = member.at === undefined ? "" : ` at "${member.at}"`;
        throw unavailable(
          `${nameOf({ method: "GET", url })} was answered without a member${where} who has a usable id at "${member.fields.id}".`,
        );
      }
      // An API that takes "Ann" for "ann" answers with somebody else than was asked for.
      if (id !== memberId) return undefined;
      return readMember(memberId, record, member.fields, dates);
    },

    async *list(namespace, callOptions) {
      checkId("namespace", namespace);
      callOptions?.signal?.throwIfAborted();
      if (list === undefined) throw notSupported("The configuration of this members' API has no list.");
      const { fields = member.fields } = list;
      const url = urlOf(base, list.path, { namespace });
      const found = pages({
        ...callOptions,
        url,
        place: list.at,
        paging: list.paging,
        ask: (page) => call({ method: "GET", url: page, accept: [] }, callOptions),
      });
      const inOrder = list.order === "code-unit";
      const all = new Map<string, Member>();
      let last: string | undefined;
      let position = 0;
      for await (const page of found) {
        for (const record of page) {
          callOptions?.signal?.throwIfAborted();
          const id = idAt(record, fields.id);
          if (id === undefined) {
            throw unavailable(`Member ${position} of the API's list has no usable id at "${fields.id}".`);
          }
          position++;
          const read = readMember(id, record, fields, dates);
          if (!inOrder) {
            all.set(id, read);
            if (all.size > sortAtMost) throw tooMany("members", sortAtMost, `list.order: "code-unit"`);
            continue;
          }
          // A page that begins with the last one's end: somebody joined while it was listed.
          if (id === last) continue;
          if (last !== undefined && id < last) {
            throw unavailable(
              `The API lists "${id}" after "${last}", which is not the order of code units: leave list.order out.`,
            );
          }
          last = id;
          yield read;
        }
      }
      for (const id of [...all.keys()].sort(byCodeUnits)) {
        callOptions?.signal?.throwIfAborted();
        const read = all.get(id);
        if (read !== undefined) yield read;
      }
    },

    async put(namespace, putMember, callOptions) {
      callOptions?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkMember(putMember);
      await putBy(client.deadline(), namespace, putMember, callOptions);
    },

    async delete(namespace, memberId, callOptions) {
      callOptions?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const { delete: remove } = configuration;
      if (remove === undefined) throw notSupported("The configuration of this members' API has no delete.");
      const write = writing(remove, "DELETE", { namespace, id: memberId });
      const { status } = await call({ ...write, repeatable: true, accept: [404, 410] }, callOptions);
      return status < 400;
    },

    async *purchases(namespace, memberId, callOptions) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      callOptions?.signal?.throwIfAborted();
      if (purchases === undefined) throw notSupported("The configuration of this members' API has no purchases.");
      let isFirst = true;
      const found = pages({
        ...callOptions,
        url: urlOf(base, purchases.path, { namespace, id: memberId }),
        place: purchases.at,
        paging: purchases.paging,
        ask: async (url) => {
          // Behind the first page it is no end, but a list that broke off.
          const answer = await call({ method: "GET", url, accept: isFirst ? [404, 410] : [] }, callOptions);
          isFirst = false;
          return answer.status >= 400 ? undefined : answer;
        },
      });
      const inOrder = purchases.order === "oldest-first";
      const held: Purchase[] = [];
      let last = Number.NEGATIVE_INFINITY;
      let ordinal = 0;
      for await (const page of found) {
        for (const record of page) {
          callOptions?.signal?.throwIfAborted();
          const read = readPurchase(record, ordinal++, purchases.fields, purchases.currency, dates);
          // Those without a date come last.
          if (!inOrder || read.at === undefined) {
            held.push(read);
            if (held.length > sortAtMost) throw tooMany("purchases", sortAtMost, `purchases.order: "oldest-first"`);
            continue;
          }
          const time = read.at.getTime();
          if (time < last) {
            throw unavailable(`The API tells purchase "${read.id}" after a later one: leave purchases.order out.`);
          }
          last = time;
          yield read;
        }
      }
      for (const purchase of held.sort(byTime)) {
        callOptions?.signal?.throwIfAborted();
        yield purchase;
      }
    },

    async addPurchase(namespace, memberId, purchase, callOptions) {
      callOptions?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      checkPurchase(purchase);
      const { addPurchase } = configuration;
      if (addPurchase === undefined || purchases === undefined) {
        throw notSupported("The configuration of this members' API has no addPurchase.");
      }
      const record = writePurchase(purchase, purchases.fields, dates);
      const write = writing(addPurchase, "PUT", { namespace, id: memberId, purchaseId: purchase.id }, record);
      const { status } = await call({ ...write, accept: [404, 410, 409, 412] }, callOptions);
      if (status === 404 || status === 410) throw unknownMemberError(adapterId, namespace, memberId);
    },

    async [Symbol.asyncDispose]() {
      closed = true;
    },
  };
  const { merge } = configuration;
  if (merge === undefined) return source;
  return {
    ...source,
    async merge(namespace, given, callOptions) {
      callOptions?.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkMember(given);
      const record = writeMember(given, member.fields, dates);
      const write = writing(merge, "PATCH", { namespace, id: given.id }, record);
      const deadline = client.deadline();
      const { status } = await call({ ...write, accept: [404, 410] }, callOptions, deadline);
      if (status >= 400) await putBy(deadline, namespace, given, callOptions);
    },
  };
}

type PathValues = Readonly<Partial<Record<"namespace" | "id" | "purchaseId", string>>>;

/** Throws `invalid-argument` for an id that no address can hold: "." and ".." mean folders, however they are written. */
function urlOf(base: URL, path: string, values: PathValues): URL {
  const given = new Map<string, string>(Object.entries(values));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given.get(name) ?? ""));
  const [folders = ""] = filled.split("?", 1);
  if (folders.split("/").some((name) => /^(?:\.|%2e){1,2}$/i.test(name))) {
    throw invalid(`The ids ${JSON.stringify([...given.values()])} cannot be part of an address.`);
  }
  return new URL(`${base.origin}${base.pathname.replace(/\/$/, "")}${filled}`);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byTime(a: Purchase, b: Purchase): number {
  const [one, other] = [a, b].map(({ at: date }) => date?.getTime() ?? Number.MAX_SAFE_INTEGER);
  return (one ?? 0) - (other ?? 0) || byCodeUnits(a.id, b.id);
}

function tooMany(what: string, most: number, remedy: string): Error {
  return notSupported(
    `The API has more than ${most} ${what} in an order of its own, which are not sorted in memory. ` +
      `Let it sort them and say ${remedy}, or raise sortAtMost.`,
  );
}
