import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { inspect } from "node:util";
import { RekognitionClient } from "@aws-sdk/client-rekognition";
import { FaceKitError, isFaceKitError } from "@facekit/core";
import { afterEach, describe, expect, test } from "vitest";
import {
  type AwsConnectionOptions,
  type AwsFailure,
  type AwsService,
  type AwsServiceDefinition,
  awsService,
} from "../src/index.js";

type Sdk = typeof import("@aws-sdk/client-rekognition");
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A server that gives these answers in turn, the last again and again. */
async function serve(...answers: Answer[]): Promise<{ readonly endpoint: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => (answers[Math.min(asked++, answers.length - 1)] ?? answers[0])?.(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { endpoint: `http://127.0.0.1:${port}`, asked: () => asked };
}

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1", ...headers }).end(body);
  };
const failure = (status: number, type: string, headers?: Record<string, string>): Answer =>
  answer(status, JSON.stringify({ __type: type, message: "no" }), headers);
const good = answer(200, '{"CollectionIds":["a"]}');

function serviceAt(
  options: AwsConnectionOptions<RekognitionClient>,
  more: Partial<AwsServiceDefinition<Sdk, RekognitionClient>> = {},
): AwsService<Sdk, RekognitionClient> {
  const service = awsService<Sdk, RekognitionClient>({
    adapter: "example",
    prefix: "rekognition",
    client: "@aws-sdk/client-rekognition",
    load: () => import("@aws-sdk/client-rekognition"),
    create: (sdk, configuration) => new sdk.RekognitionClient(configuration),
    options,
    ...more,
  });
  opened.push(() => service.close());
  return service;
}

async function list(
  service: AwsService<Sdk, RekognitionClient>,
  options: { readonly signal?: AbortSignal; readonly idempotent?: boolean } = {},
): Promise<string[] | undefined> {
  const answered = await service.call(
    "ListCollections",
    (client, sdk, call) => client.send(new sdk.ListCollectionsCommand({}), call),
    options,
  );
  return answered.CollectionIds;
}

async function failureOf(promise: Promise<unknown>): Promise<FaceKitError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isFaceKitError(error)) throw error ?? new Error("It was fulfilled.");
  return error;
}

const region = "eu-west-1";

describe("a service of AWS", () => {
  test("is repeated while it throttles, fails, drops connections or answers what cannot be read", async () => {
    const { endpoint, asked } = await serve(
      failure(400, "ThrottlingException"),
      failure(400, "ProvisionedThroughputExceededException"),
      failure(500, "InternalServerError"),
      answer(503, "<html>busy</html>", { "content-type": "text/html" }),
      answer(200, '{"CollectionIds":["a'),
      answer(200, "<html>hello</html>"),
      (_, response) => response.destroy(),
      good,
    );
    const service = serviceAt({ endpoint, region, credentials, timeoutMs: 60_000 });
    expect(await list(service)).toEqual(["a"]);
    expect(asked()).toBe(8);
  });

  test("rejects when the time is over, and says that it may be tried again", async () => {
    const { endpoint } = await serve(failure(400, "ThrottlingException"));
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials, timeoutMs: 400 })));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: true, adapter: "example" });
    expect(error.details.operation).toBe("rekognition:ListCollections");
  });

  test("asks a service that does not answer again while there is time", async () => {
    const { endpoint, asked } = await serve(() => undefined, good);
    expect(await list(serviceAt({ endpoint, region, credentials, timeoutMs: 10_000 }))).toEqual(["a"]);
    expect(asked()).toBeGreaterThanOrEqual(2);
  });

  test("gives up a service that never answers", async () => {
    const { endpoint } = await serve(() => undefined);
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials, timeoutMs: 400 })));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: true });
  });

  test("tells why it failed, and begins nothing when nearly no time is left", async () => {
    const { endpoint, asked } = await serve(failure(503, "ServiceUnavailable", { "retry-after": "9.5" }), good);
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials, timeoutMs: 10_000 })));
    expect(error).toMatchObject({ code: "service-unavailable", details: { status: 503 } });
    expect(asked()).toBe(1);
  });

  test("bounds the opening of its client, and gives it up on an abort", async () => {
    const { endpoint, asked } = await serve(good);
    const never = { load: (): Promise<Sdk> => new Promise(() => undefined) };
    const late = await failureOf(list(serviceAt({ endpoint, region, credentials, timeoutMs: 200 }, never)));
    expect(late).toMatchObject({ code: "service-unavailable", retryable: true });
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = list(serviceAt({ endpoint, region, credentials, timeoutMs: 600_000 }, never), controller);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    // Aborted while the client was opened, and so never sent.
    const other = new AbortController();
    const load = (): Promise<Sdk> => {
      other.abort(reason);
      return import("@aws-sdk/client-rekognition");
    };
    await expect(list(serviceAt({ endpoint, region, credentials }, { load }), other)).rejects.toBe(reason);
    expect(asked()).toBe(0);
  });

  test("bounds an application's client that repeats by itself", async () => {
    const { endpoint } = await serve(failure(400, "ThrottlingException", { "retry-after": "60" }));
    const client = new RekognitionClient({ endpoint, region, credentials, maxAttempts: 50 });
    opened.push(async () => client.destroy());
    const error = await failureOf(list(serviceAt({ client, timeoutMs: 300 })));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: true });
  });

  test("waits as long as it is told, or not at all where the time is too short for that", async () => {
    const { endpoint, asked } = await serve(failure(503, "ServiceUnavailable", { "retry-after": "60" }));
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials })));
    expect(error).toMatchObject({ code: "service-unavailable", retryAfterMs: 60_000 });
    expect(asked()).toBe(1);
  });

  test.each([
    ["access-denied", 400, "AccessDeniedException"],
    ["access-denied", 400, "UnrecognizedClientException"],
    ["access-denied", 400, "com.amazonaws#ExpiredTokenException"],
    ["access-denied", 400, "InvalidSignatureException"],
    ["access-denied", 403, "SomethingNew"],
    ["quota-exceeded", 400, "LimitExceededException"],
    ["quota-exceeded", 400, "ServiceQuotaExceededException"],
    ["namespace-not-found", 400, "ResourceNotFoundException"],
    ["invalid-argument", 400, "InvalidParameterException"],
  ])("rejects with %s for %i %s, once", async (code, status, type) => {
    const { endpoint, asked } = await serve(failure(status, type));
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials })));
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.message).toContain("rekognition:ListCollections");
    expect(asked()).toBe(1);
  });

  test.each([
    ["a request that is too large", 413, "RequestEntityTooLargeException"],
    ["a name that nobody knows", 400, "SomethingNew"],
  ])("types %s, and does not repeat it", async (_, status, type) => {
    const { endpoint, asked } = await serve(failure(status, type));
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials })));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: false, adapter: "example" });
    expect(asked()).toBe(1);
  });

  test("types what fails on this machine, with its code", async () => {
    const thrown = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });
    const service = serviceAt({ region, credentials });
    const error = await failureOf(service.call("ListCollections", () => Promise.reject(thrown)));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: false });
    expect(error.message).toContain("CERT_HAS_EXPIRED");
  });

  test("lets the adapter say what a failure means", async () => {
    const { endpoint } = await serve(failure(400, "ResourceInUseException"));
    const explain = ({ name }: AwsFailure): FaceKitError => new FaceKitError("conflict", name);
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials }, { explain })));
    expect(error).toMatchObject({ code: "conflict", message: "ResourceInUseException" });
  });

  test("keeps neither the request as it was signed nor the answer in an error", async () => {
    const message = "The signature does not match.\n\nThe canonical string is\n'POST\nx-amz-security-token:TOKEN'";
    const refusal = JSON.stringify({ __type: "InvalidSignatureException", message, Body: "ANSWER" });
    const shown: string[] = [];
    for (const answered of [answer(403, refusal), answer(400, 'ANSWER"}')]) {
      const { endpoint } = await serve(answered);
      const error = await failureOf(list(serviceAt({ endpoint, region, credentials })));
      shown.push(inspect(error, { depth: 20, showHidden: true }));
    }
    expect(shown[0]).toContain("The signature does not match.");
    for (const text of shown) {
      expect(text).not.toContain("TOKEN");
      expect(text).not.toContain("ANSWER");
    }
  });

  test("takes a proxy's page for no answer of the service", async () => {
    const { endpoint } = await serve(answer(404, "<html>no such host</html>", { "content-type": "text/html" }));
    const error = await failureOf(list(serviceAt({ endpoint, region, credentials })));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: false });
  });

  test("repeats what may not be done twice only where nothing was done", async () => {
    const throttled = await serve(failure(400, "ThrottlingException"), good);
    const once = { idempotent: false };
    expect(await list(serviceAt({ endpoint: throttled.endpoint, region, credentials }), once)).toEqual(["a"]);
    const lost = await serve((_, response) => response.destroy(), good);
    const error = await failureOf(list(serviceAt({ endpoint: lost.endpoint, region, credentials }), once));
    expect(error).toMatchObject({ code: "service-unavailable", retryable: true });
    expect(lost.asked()).toBe(1);
  });

  test("credentials that cannot be had are access-denied", async () => {
    const { endpoint, asked } = await serve(good);
    const none = Object.assign(new Error("none"), { name: "CredentialsProviderError" });
    const service = serviceAt({ endpoint, region, credentials: () => Promise.reject(none) });
    expect(await failureOf(list(service))).toMatchObject({ code: "access-denied", retryable: false });
    expect(asked()).toBe(0);
  });

  test("a server that is not there is service-unavailable", async () => {
    const service = serviceAt({ endpoint: "http://127.0.0.1:1", region, credentials, timeoutMs: 100 });
    expect(await failureOf(list(service))).toMatchObject({ code: "service-unavailable", retryable: true });
  });

  test("an abort rejects with its own reason, before and while it waits", async () => {
    const { endpoint } = await serve(() => undefined);
    const service = serviceAt({ endpoint, region, credentials });
    const reason = new Error("enough");
    await expect(list(service, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = list(service, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(waiting).rejects.toBe(reason);
  });

  test("is closed after close, and leaves the application's client open", async () => {
    const { endpoint } = await serve(good);
    const client = new RekognitionClient({ endpoint, region, credentials });
    opened.push(async () => client.destroy());
    const service = serviceAt({ client });
    expect(await list(service)).toEqual(["a"]);
    await service.close();
    await service.close();
    expect(await failureOf(list(service))).toMatchObject({ code: "closed" });
    expect(await list(serviceAt({ client }))).toEqual(["a"]);
  });

  test("refuses options that do not go together", async () => {
    const client = new RekognitionClient({ region, credentials });
    for (const options of [
      { client, region },
      { region: "EU West" },
      { endpoint: "ftp://example.com" },
      { timeoutMs: 0 },
      { credentials: { accessKeyId: "key", secretAccessKey: 5 } },
      { client: {} },
    ]) {
      // @ts-expect-error: what a caller without types may write
      expect(() => serviceAt(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    }
  });
});
