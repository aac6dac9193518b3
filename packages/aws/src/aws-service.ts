import {
  type CallOptions,
  checkFunction,
  checkNumber,
  checkText,
  closedError,
  FaceKitError,
  importClient,
  retry,
  within,
} from "@facekit/core";
import { type AwsFailure, explain, failureOf, isRefusal, withoutBodies } from "./failures.js";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/** How a service is reached: by the application's own client, or by one that is made of the other options. */
export interface AwsConnectionOptions<Client> {
  /**
   * The application's own client of the SDK, version 3. It stays open. It repeats calls by its own `maxAttempts` inside of
   * `timeoutMs`: set that to 1.
   */
  readonly client?: Client;
  /** For example `"eu-west-1"`. Default: what the environment or the profile says. */
  readonly region?: string;
  /** The URL of another server that speaks the service's protocol. Default: the region's. */
  readonly endpoint?: string;
  /** Keys, or a function that gets them. Default: the SDK's chain of environment, profile and role. Never in code. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /**
   * How long a request goes on while the service throttles, fails or does not answer, in milliseconds, before it rejects
   * with `service-unavailable`. One attempt waits half of that at most. What takes several requests may take several times
   * as long. Default 20,000.
   */
  readonly timeoutMs?: number;
}

/** The names of `AwsConnectionOptions`, for `checkKeys`. */
export const awsOptionNames: readonly string[] = ["client", "region", "endpoint", "credentials", "timeoutMs"];

/** What is needed of a client of the SDK. */
export interface AwsClient {
  readonly config: { region(): Promise<string> };
  send(...parameters: never[]): unknown;
  destroy(): void;
}

/** What a client is made of. The SDK's own repeats are off: they know no deadline. */
export interface AwsClientConfiguration {
  readonly maxAttempts: 1;
  region?: string;
  endpoint?: string;
  credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
}

export interface AwsServiceDefinition<Sdk, Client extends AwsClient> {
  /** The id of the adapter, for errors. */
  readonly adapter: string;
  /** What permissions begin with, for example `"rekognition"`. */
  readonly prefix: string;
  /** The package to install, for example `"@aws-sdk/client-rekognition"`. */
  readonly client: string;
  readonly load: () => Promise<Sdk>;
  readonly create: (sdk: Sdk, configuration: AwsClientConfiguration) => Client;
  readonly options: AwsConnectionOptions<Client>;
  /** What a failure means in this service, where that is more than its name and status say. */
  readonly explain?: (failure: AwsFailure) => FaceKitError | undefined;
}

export interface AwsCallOptions extends CallOptions {
  /**
   * Default true. False for a call that may not be done twice: it is repeated only where the service told that it did
   * nothing, and not where its answer was lost.
   */
  readonly idempotent?: boolean;
}

/** What `send` is given beside the command. */
export interface AwsCall {
  readonly abortSignal: AbortSignal;
}

export interface AwsService<Sdk, Client extends AwsClient> {
  /** As it was given, or its default. */
  readonly timeoutMs: number;
  /**
   * Sends a command, again while it fails for what may pass, until `timeoutMs`. `operation` is the name of the permission
   * without its prefix. Rejects with `FaceKitError`s, and with the signal's own reason as soon as it is aborted. Errors of the
   * SDK are never handed on, since they hold what was sent.
   */
  call<T>(
    operation: string,
    send: (client: Client, sdk: Sdk, call: AwsCall) => Promise<T>,
    options?: AwsCallOptions,
  ): Promise<T>;
  /** Closes the client where it is not the application's. Later calls reject with `closed`. */
  close(): Promise<void>;
}

/** Carries an error past `retry`. */
class NotAgain {
  constructor(readonly error: unknown) {}
}

/** One service of AWS. Throws `invalid-argument` for options that do not go together. Imports the client when first called. */
export function awsService<Sdk, Client extends AwsClient>(
  definition: AwsServiceDefinition<Sdk, Client>,
): AwsService<Sdk, Client> {
  const { adapter, prefix, options } = definition;
  checkConnection(adapter, options);
  const { client: given, timeoutMs = 20_000 } = options;
  let opening: Promise<{ client: Client; sdk: Sdk }> | undefined;
  let closed = false;

  const check = (): void => {
    if (closed) throw closedError(adapter, prefix);
  };

  const open = async (): Promise<{ client: Client; sdk: Sdk }> => {
    const sdk = await importClient(adapter, definition.client, definition.load);
    const client = given ?? definition.create(sdk, configurationOf(options));
    try {
      await client.config.region();
    } catch (cause) {
      throw new FaceKitError(
        "invalid-argument",
        "No region is known: give region, or set AWS_REGION or the region of a profile.",
        { adapter, cause: withoutBodies(cause) },
      );
    }
    return { client, sdk };
  };

  const opened = (): Promise<{ client: Client; sdk: Sdk }> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw new NotAgain(error);
    });
    return opening;
  };

  return {
    timeoutMs,

    async call(operation, send, { signal, idempotent = true } = {}) {
      const deadline = performance.now() + timeoutMs;
      const attempt = async () => {
        check();
        const limitMs = Math.min(deadline - performance.now(), timeoutMs / 2);
        const work = async (abortSignal: AbortSignal) => {
          const { client, sdk } = await opened();
          abortSignal.throwIfAborted();
          return send(client, sdk, { abortSignal });
        };
        try {
          return await within(limitMs, work, { ...(signal && { signal }), late });
        } catch (error) {
          if (signal?.aborted) throw signal.reason;
          check();
          if (error instanceof NotAgain) throw error;
          const failure = failureOf(error, operation);
          const explained = definition.explain?.(failure) ?? explain(failure, definition, limitMs);
          throw idempotent || isRefusal(failure) ? explained : new NotAgain(explained);
        }
      };
      try {
        // What begins when nearly no time is left tells less than what failed before it.
        const deadlineMs = timeoutMs - Math.min(1000, timeoutMs / 10);
        const times = { deadlineMs, initialDelayMs: 50, maxDelayMs: 5_000 };
        return await retry(attempt, signal === undefined ? times : { ...times, signal });
      } catch (error) {
        throw error instanceof NotAgain ? error.error : error;
      }
    },

    async close() {
      if (closed) return;
      closed = true;
      if (given === undefined) opening?.then(({ client }) => client.destroy()).catch(() => undefined);
    },
  };
}

function late(): Error {
  return new DOMException("The time is over.", "TimeoutError");
}

function configurationOf<Client>(options: AwsConnectionOptions<Client>): AwsClientConfiguration {
  const { region, endpoint, credentials } = options;
  return {
    maxAttempts: 1,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function checkConnection<Client extends AwsClient>(adapter: string, options: AwsConnectionOptions<Client>): void {
  const { client, region, endpoint, credentials, timeoutMs } = options;
  const refuse = (message: string): never => {
    throw new FaceKitError("invalid-argument", message, { adapter });
  };
  if (client !== undefined) {
    if (typeof client !== "object" || client === null || typeof client.send !== "function") {
      refuse("client wants a client of the AWS SDK, version 3.");
    }
    if (region !== undefined || endpoint !== undefined || credentials !== undefined) {
      refuse("client has its own region, endpoint and credentials: give either it or them.");
    }
  }
  if (region !== undefined) {
    checkText("region", region);
    if (!/^[a-z0-9-]+$/.test(region)) refuse(`region wants a name such as "eu-west-1"; got ${JSON.stringify(region)}.`);
  }
  if (endpoint !== undefined && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : "")) {
    refuse(`endpoint wants an http or https URL; got ${JSON.stringify(endpoint)}.`);
  }
  if (typeof credentials === "object" && credentials !== null) {
    checkText("credentials.accessKeyId", credentials.accessKeyId);
    checkText("credentials.secretAccessKey", credentials.secretAccessKey);
  } else if (credentials !== undefined) checkFunction("credentials", credentials);
  if (timeoutMs !== undefined) checkNumber("timeoutMs", timeoutMs, { min: 1, max: 3_600_000, integer: true });
}
