import { FaceKitError, type FaceKitErrorCode, isFaceKitError } from "@facekit/core";

/** What an error of the SDK says, beside its text. */
export interface AwsFailure {
  /** The operation that failed, for example `"IndexFaces"`. */
  readonly operation: string;
  /** The service's error name (`__type` or `Code`), for example `"ThrottlingException"`, or the SDK's own. */
  readonly name: string;
  /** For people alone. */
  readonly message: string;
  /** Of the HTTP answer, where there was one. */
  readonly status: number | undefined;
  /** Node's error code, for example `"ECONNREFUSED"`. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly error: unknown;
}

/** Reads leniently: an error may come from another copy of the SDK. */
export function failureOf(error: unknown, operation: string): AwsFailure {
  const metadata = fieldOf(error, "$metadata");
  const response = fieldOf(error, "$response");
  const status = fieldOf(metadata, "httpStatusCode") ?? fieldOf(response, "statusCode");
  const code = fieldOf(error, "code") ?? fieldOf(fieldOf(error, "cause"), "code");
  const retryAfter = Number(fieldOf(fieldOf(response, "headers"), "retry-after"));
  return {
    operation,
    name: error instanceof Error ? error.name : "",
    message: lineOf(error),
    status: typeof status === "number" ? status : undefined,
    code: typeof code === "string" ? code : undefined,
    retryAfterMs: retryAfter > 0 && Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
    error,
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

// Names of the services' "Common Errors" pages, and of the SDK's own list (@smithy, service-error-classification).
const throttles = new Set([
  "BandwidthLimitExceeded",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);
const denials = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AuthFailure",
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "IncompleteSignature",
  "IncompleteSignatureException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "InvalidToken",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "NotAuthorized",
  "OptInRequired",
  "ProviderError",
  "RequestExpired",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
  "TokenProviderError",
  "TokenRefreshRequired",
  "UnrecognizedClientException",
]);
const quotas = new Set(["LimitExceededException", "ServiceQuotaExceededException"]);
const missing = new Set(["NoSuchBucket", "ResourceNotFoundException"]);
const invalid = new Set(["InvalidParameterException", "InvalidParameterValue", "ValidationException"]);
const unavailable = new Set([
  "InternalError",
  "InternalFailure",
  "InternalServerError",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "TimeoutError",
]);
/** Of Node's sockets and name lookups: the request may or may not have come through. */
const network = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "EPROTO",
  "ETIMEDOUT",
]);

/** Whether the service told that it did nothing, so that any call may be sent again. */
export function isRefusal({ name, status, code }: AwsFailure): boolean {
  return throttles.has(name) || status === 429 || code === "ECONNREFUSED" || code === "ENOTFOUND";
}

interface Service {
  readonly adapter: string;
  readonly prefix: string;
}

/** What a failure means for the caller, and an error of ours as it is. */
export function explain(failure: AwsFailure, { adapter, prefix }: Service, limitMs: number): FaceKitError {
  const { operation, name, message, status, code, retryAfterMs, error } = failure;
  if (isFaceKitError(error)) return error;
  const permission = `${prefix}:${operation}`;
  const said = [name, status === undefined ? "" : `HTTP ${status}`, code, message].filter(Boolean).join(", ");
  const fail = (kind: FaceKitErrorCode, text: string, retryable = false): FaceKitError =>
    new FaceKitError(kind, text, {
      adapter,
      retryable,
      ...(retryable && retryAfterMs !== undefined ? { retryAfterMs } : {}),
      cause: withoutBodies(error),
      details: { operation: permission, ...(status === undefined ? {} : { status }) },
    });

  if (throttles.has(name) || status === 429) {
    return fail("service-unavailable", `AWS throttles ${permission} (${said}). Ask less often, or for more.`, true);
  }
  if (name === "TimeoutError" && status === undefined && code === undefined) {
    return fail("service-unavailable", `AWS did not answer ${permission} within ${Math.round(limitMs)} ms.`, true);
  }
  if (denials.has(name)) {
    return fail(
      "access-denied",
      `AWS refused ${permission} (${said}). Check that the credentials are there, have not expired, and allow it.`,
    );
  }
  if (quotas.has(name)) return fail("quota-exceeded", `A limit of the service refuses ${permission} (${said}).`);
  if (missing.has(name)) return fail("namespace-not-found", `What ${permission} asks for is not there (${said}).`);
  if (name === "SyntaxError") {
    // A proxy's page in place of the answer, or half of the answer.
    const passes = status === undefined || status < 400 || status >= 500;
    return fail("service-unavailable", `The answer to ${permission} cannot be read (${said}).`, passes);
  }
  if (unavailable.has(name) || (status !== undefined && status >= 500)) {
    return fail("service-unavailable", `AWS cannot do ${permission} now (${said}).`, true);
  }
  if (code !== undefined && network.has(code)) {
    return fail("service-unavailable", `AWS cannot be reached for ${permission} (${code}).`, true);
  }
  if (status === 401 || status === 403) {
    return fail("access-denied", `AWS refused ${permission} (${said}). Check the credentials and what they allow.`);
  }
  if (invalid.has(name)) return fail("invalid-argument", `AWS does not accept ${permission} (${said}).`);
  return fail("service-unavailable", `${permission} failed in a way that is not known (${said}).`);
}

/**
 * What is kept of an error as a cause: its name, the first line of its message and where it was thrown. The SDK's own hold
 * the answer, and with it what was sent or found; further lines of a message may hold the request as it was signed.
 */
export function withoutBodies(error: unknown): Error {
  const message = lineOf(error);
  const kept = new Error(message);
  if (!(error instanceof Error)) return kept;
  const calls = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return Object.assign(kept, { name: error.name, stack: [`${error.name}: ${message}`, ...calls].join("\n") });
}

function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).split("\n")[0] ?? "";
  // A parser quotes what it could not read.
  return error.name === "SyntaxError" ? "" : (error.message.split("\n")[0] ?? "");
}
