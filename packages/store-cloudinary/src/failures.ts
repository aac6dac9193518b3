import { FaceKitError } from "@facekit/core";

export const adapterId = "store-cloudinary";

/** Which of the APIs was asked: only the Admin API has an hourly limit. */
export type Api = "upload" | "admin" | "delivery";

/** What the service answered, as far as it did. */
export interface Answer {
  readonly status: number | undefined;
  readonly message: string;
}

/**
 * What an SDK call was rejected with. It comes as `{ error }` or bare, and with the request beside it: its credentials too.
 * So nothing but these two is passed on.
 */
export function answerOf(rejection: unknown): Answer {
  const outer = field(rejection, "error") ?? rejection;
  const status = field(outer, "http_code");
  const message = field(outer, "message");
  const code = field(outer, "code");
  return {
    status: typeof status === "number" ? status : undefined,
    message:
      typeof message === "string" && message !== ""
        ? message
        : String(code ?? field(message, "message") ?? "no answer"),
  };
}

/** The service says that there is no such file. A proxy's 404 page does not. */
export function saysMissing({ status, message }: Answer): boolean {
  return status === 404 && !isUnreadable(message);
}

export function failure(api: Api, what: string, { status, message }: Answer): FaceKitError {
  const told = `Cloudinary, ${what}: ${status === undefined ? "" : `${status}, `}${message}`;
  const cause = new Error(message);
  if (isUnreadable(message)) return unavailable(told, cause);
  if (status === 401 || status === 403) {
    return new FaceKitError("access-denied", `${told} Check CLOUDINARY_URL and the key's permissions.`, {
      adapter: adapterId,
      cause,
    });
  }
  if (status === 420 || status === 429) {
    const retryAfterMs = untilReset(message) ?? (api === "admin" ? untilNextHour() : undefined);
    if (retryAfterMs === undefined) return unavailable(told, cause);
    return new FaceKitError("quota-exceeded", `${told} The Admin API has an hourly limit.`, {
      adapter: adapterId,
      retryable: true,
      retryAfterMs,
      cause,
    });
  }
  if (status === 400 && /^Stale request/.test(message)) {
    return new FaceKitError("access-denied", `${told} Set this machine's clock.`, { adapter: adapterId, cause });
  }
  if (status === 400 && /^File size too large/.test(message)) {
    return new FaceKitError("quota-exceeded", `${told} Write fewer templates at once.`, { adapter: adapterId, cause });
  }
  const retryable = status === undefined || status >= 404;
  return unavailable(told, cause, retryable);
}

export function unavailable(message: string, cause?: unknown, retryable = true): FaceKitError {
  return new FaceKitError("service-unavailable", message, { adapter: adapterId, retryable, cause });
}

export function corrupt(message: string): FaceKitError {
  return new FaceKitError("store-corrupt", message, { adapter: adapterId });
}

/** The SDK's own words for what was no JSON. */
function isUnreadable(message: string): boolean {
  return message.startsWith("Server return invalid JSON response");
}

/** "Try again on 2026-11-21 20:00:00 UTC": the SDK hands on the text alone, not the headers that say the same. */
function untilReset(message: string): number | undefined {
  const [, day, time] = /Try again on (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/.exec(message) ?? [];
  const at = Date.parse(`${day}T${time}Z`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function untilNextHour(): number {
  const hour = 3_600_000;
  return hour - (Date.now() % hour);
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
