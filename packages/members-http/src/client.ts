import { type CallOptions, isFaceKitError, retry, within } from "@facekit/core";
import { type Asked, nameOf, refused, retryAfter, tooSlow, unavailable, unreached } from "./failures.js";
import { parseJson } from "./json.js";
import type { RateLimit } from "./rate-limit.js";

export interface HttpRequest extends Asked {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Statuses beside those of success that the caller wants to see. */
  readonly accept: readonly number[];
}

export interface HttpAnswer {
  readonly status: number;
  /** The answer's value, for the readers of `json.ts`; undefined where it is empty. */
  readonly json: unknown;
  /** The header `Link`. */
  readonly link: string | null;
}

export interface ClientOptions {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly maxResponseBytes: number;
  readonly limit: RateLimit;
}

export interface Client {
  /** Until when a call that begins now may go on, as a moment of `performance.now()`. */
  deadline(): number;
  /** Does work that sends a request, when its turn has come. */
  inTurn: RateLimit;
  /** One request, now. */
  send(request: HttpRequest, deadline: number, signal: AbortSignal | undefined): Promise<HttpAnswer>;
  /** Repeats what failed and may be repeated, until the deadline. */
  persist<T>(work: () => Promise<T>, deadline: number, options: CallOptions | undefined): Promise<T>;
}

const redirections = [301, 302, 303, 307, 308];
const mostRedirections = 5;

/** Requests with limits on time, rate and size. No request is led to another host: its headers hold the credentials. */
export function createClient(options: ClientOptions): Client {
  const { timeoutMs, deadlineMs, maxResponseBytes, limit } = options;

  const ask = async (request: HttpRequest, url: URL, signal: AbortSignal): Promise<Response> => {
    const { method, headers, body } = request;
    return options.fetch(url, {
      method,
      headers,
      redirect: "manual",
      signal,
      ...(body !== undefined && { body }),
    });
  };

  const follow = async (request: HttpRequest, signal: AbortSignal): Promise<Response> => {
    let { url } = request;
    for (let hops = 0; ; hops++) {
      const response = await ask(request, url, signal);
      if (!redirections.includes(response.status)) return response;
      await response.body?.cancel();
      url = nextOf(request, url, response, hops);
    }
  };

  const exchange = async (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    try {
      return await answerOf(request, await follow(request, signal), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw isFaceKitError(error) ? error : unreached(request, error);
    }
  };

  const answerOf = async (request: HttpRequest, response: Response, signal: AbortSignal): Promise<HttpAnswer> => {
    const { status, ok, headers } = response;
    if (!ok && !request.accept.includes(status)) {
      await response.body?.cancel();
      throw refused(request, status, spread(retryAfter(headers.get("retry-after"))));
    }
    const link = headers.get("link");
    if (!ok && status !== 404 && status !== 410) {
      await response.body?.cancel();
      return { status, json: undefined, link };
    }
    const text = await textOf(request, response, signal);
    if (text.trim() === "") {
      // "Nobody" is said by a status: nothing at all is what a broken proxy says of whoever is asked for.
      if (ok && status !== 204 && request.method === "GET") {
        throw unavailable(`${nameOf(request)} was answered with status ${status} and nothing.`, { retryable: true });
      }
      return { status, json: undefined, link };
    }
    const parsed = parseJson(text);
    if (parsed !== undefined) return { status, json: parsed.value, link };
    const html = /^\s*</.test(text);
    // "Not there" may be said in any words; but a page of HTML is the web server's, and then the path is wrong, not the id.
    if (!ok && !html) return { status, json: undefined, link };
    const what = html ? "a page of HTML instead of JSON" : "what is no whole JSON";
    throw unavailable(`${nameOf(request)} was answered with status ${status} and ${what}.`, {
      retryable: ok && request.repeatable,
    });
  };

  const textOf = async (request: HttpRequest, { body, headers }: Response, signal: AbortSignal): Promise<string> => {
    const tooLarge = (): Error =>
      unavailable(`${nameOf(request)} was answered with more than ${maxResponseBytes} bytes (maxResponseBytes).`);
    if (body === null) return "";
    if (Number(headers.get("content-length")) > maxResponseBytes) {
      await body.cancel();
      throw tooLarge();
    }
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let text = "";
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > maxResponseBytes) {
        await reader.cancel();
        throw tooLarge();
      }
      text += decoder.decode(value, { stream: true });
    }
  };

  return {
    deadline: () => performance.now() + deadlineMs,

    inTurn: limit,

    send(request, deadline, signal) {
      const ms = Math.max(1, Math.min(timeoutMs, deadline - performance.now()));
      return within(ms, (either) => exchange(request, either), {
        late: () => tooSlow(request, ms),
        ...(signal && { signal }),
      });
    },

    persist: (work, deadline, callOptions) =>
      retry(work, {
        deadlineMs: Math.max(0, deadline - performance.now()),
        ...(callOptions?.signal && { signal: callOptions.signal }),
      }),
  };
}

/** Where a redirection leads. Throws unless it is the same host, and means the same request. */
function nextOf(request: HttpRequest, from: URL, response: Response, hops: number): URL {
  const location = response.headers.get("location") ?? "";
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.origin !== from.origin) {
    throw unavailable(
      `${nameOf(request)} redirects to ${to?.origin ?? "no address"}, which is not followed: the credentials are meant for ` +
        `${from.origin} alone. If that is where the API is now, set baseUrl.`,
    );
  }
  const sameMethod = request.method === "GET" || response.status >= 307;
  if (!sameMethod || hops >= mostRedirections)
    throw unavailable(`${nameOf(request)} redirects, to no end or as another request.`);
  return to;
}

/** Some milliseconds more, so that those who were refused at once do not come back at once. */
function spread(retryAfterMs: number | undefined): number | undefined {
  return retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs + Math.random() * 250);
}
