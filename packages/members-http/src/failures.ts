import { FaceKitError } from "@facekit/core";

/** Names this adapter in errors. */
export const adapterId = "members-http";

/** How a request failed, and of which call: the message never holds the query, a header or a body. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  /** Whether it may be sent again where it is not known what became of it. */
  readonly repeatable: boolean;
}

export function invalid(message: string): FaceKitError {
  return new FaceKitError("invalid-argument", message, { adapter: adapterId });
}

export function accessDenied(message: string): FaceKitError {
  return new FaceKitError("access-denied", message, { adapter: adapterId });
}

export function notSupported(message: string): FaceKitError {
  return new FaceKitError("not-supported", message, { adapter: adapterId });
}

/** The API is not reached, or gives what nothing can be made of. */
export function unavailable(
  message: string,
  options: { readonly retryable?: boolean; readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
): FaceKitError {
  const { retryable = false, retryAfterMs, cause } = options;
  return new FaceKitError("service-unavailable", message, {
    adapter: adapterId,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && { cause }),
  });
}

/** `GET https://members.example/customers/42`, without the query, which may hold what is nobody's business. */
export function nameOf({ method, url }: Pick<Asked, "method" | "url">): string {
  return `${method} ${url.origin}${url.pathname}`;
}

// Those that another try may answer otherwise: RFC 9110, 15.5 and 15.6; 425: RFC 8470.
const passing = [408, 425, 429, 500, 502, 503, 504];

/** The error of an answer with a status that is none of success. */
export function refused(asked: Asked, status: number, retryAfterMs: number | undefined): FaceKitError {
  const what = `${nameOf(asked)} was answered with status ${status}`;
  if (status === 401 || status === 403) {
    return accessDenied(`${what}: the credentials are missing, wrong or expired, or do not allow this call.`);
  }
  if (passing.includes(status)) {
    // 429 and 425 say that nothing was done.
    const retryable = asked.repeatable || status === 429 || status === 425;
    return unavailable(`${what}${retryable ? "" : unclear}.`, { retryable, retryAfterMs });
  }
  if (asked.method !== "GET" && (status === 400 || status === 413 || status === 422)) {
    return invalid(`${what}: the API does not take these values.`);
  }
  if (asked.method !== "GET" && (status === 409 || status === 412)) {
    return new FaceKitError("conflict", `${what}: the record was changed by somebody else.`, { adapter: adapterId });
  }
  return unavailable(`${what}. Check the path, and what the API says about it.`);
}

const unclear = "; it is not known whether it was done";

/** The error of a request that has no answer. */
export function unreached(asked: Asked, error: unknown): FaceKitError {
  const code = codeOf(error);
  const trusted = !/^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(code);
  const sent = code !== "ECONNREFUSED" && code !== "ENOTFOUND" && code !== "EAI_AGAIN";
  const retryable = trusted && (asked.repeatable || !sent);
  return unavailable(`${nameOf(asked)} has no answer (${code})${asked.repeatable || !sent ? "" : unclear}.`, {
    retryable,
    cause: error,
  });
}

export function tooSlow(asked: Asked, milliseconds: number): FaceKitError {
  const what = `${nameOf(asked)} was not answered within ${Math.round(milliseconds)} ms`;
  return unavailable(`${what}${asked.repeatable ? "" : unclear}.`, { retryable: asked.repeatable });
}

/** Of undici's "fetch failed" the cause says why. */
function codeOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ("code" in each && typeof each.code === "string") return each.code;
  }
  return error instanceof Error ? error.name : "no error";
}

/** Milliseconds of a `Retry-After`: seconds or a date (RFC 9110, 10.2.3). Undefined where it is neither. */
export function retryAfter(header: string | null, now: number = Date.now()): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
