import { abortable, type CallOptions, importClient, isFaceKitError, retry } from "@facekit/core";
import type { v2 } from "cloudinary";
import { type Account, parseAccount } from "./account.js";
import { type Api, adapterId, answerOf, failure, saysMissing, unavailable } from "./failures.js";

/** Files per page of a list: the most that the Admin API gives. */
const pageSize = 500;

export interface ServiceOptions {
  readonly url: string;
  readonly client: typeof v2 | undefined;
  /** No attempt starts after this many milliseconds. */
  readonly deadlineMs: number;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ListedFile {
  readonly publicId: string;
  readonly version: number;
  readonly createdAt: Date | undefined;
}

/**
 * Private raw files in a Cloudinary account. Each call is repeated until its deadline where the network or the service
 * fails; all of them may be: names are not used twice, and who asks for a new file is told if it was there.
 */
export class Service {
  readonly #options: ServiceOptions;
  readonly #account: Account;
  #client: Promise<typeof v2> | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#account = parseAccount(options.url);
  }

  /** Makes a file unless one of that name is there. */
  async create(publicId: string, text: string, options?: CallOptions): Promise<{ existing: boolean; version: number }> {
    return this.#upload(publicId, text, { overwrite: false }, options);
  }

  /** Writes a file, over one that is there, and takes that out of the caches. */
  async put(publicId: string, text: string, options?: CallOptions): Promise<number> {
    return (await this.#upload(publicId, text, { overwrite: true, invalidate: true }, options)).version;
  }

  /**
   * The version of a file, or undefined where there is none. `explicit` belongs to the Upload API: it sees what was written
   * at once, goes through no cache, and has no hourly limit.
   */
  version(publicId: string, options?: CallOptions): Promise<number | undefined> {
    return this.#run<number | undefined>(
      "upload",
      `looking for ${publicId}`,
      async (client, common) => versionOf(await client.uploader.explicit(publicId, common)),
      options,
      () => undefined,
    );
  }

  /** What JSON a file holds, or undefined where there is none. Of a version that an upload or a list told, it is never stale. */
  async read(publicId: string, version: number, options?: CallOptions): Promise<unknown> {
    const client = await this.#load();
    const { signal } = options ?? {};
    const { common, delivery } = this.#account;
    const url = client.url(publicId, { ...common, ...delivery, version, sign_url: true, analytics: false });
    return retry(
      async () => {
        const what = `reading ${publicId}`;
        try {
          const timeout = AbortSignal.timeout(this.#options.timeoutMs);
          const response = await fetch(url, {
            signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
          });
          const text = await response.text();
          // Without this header it is some proxy's page.
          if (response.status === 404 && response.headers.has("x-cld-error")) return undefined;
          if (!response.ok) throw failure("delivery", what, { status: response.status, message: response.statusText });
          return JSON.parse(text) as unknown;
        } catch (error) {
          signal?.throwIfAborted();
          if (isFaceKitError(error)) throw error;
          throw unavailable(`Cloudinary, ${what}: ${String(error)}`, error);
        }
      },
      { deadlineMs: this.#options.deadlineMs, ...(signal && { signal }) },
    );
  }

  /** Deletes a file, in the caches too. Tells whether it was there. */
  destroy(publicId: string, options?: CallOptions): Promise<boolean> {
    return this.#run(
      "upload",
      `deleting ${publicId}`,
      async (client, common) => {
        const response: unknown = await client.uploader.destroy(publicId, { ...common, invalidate: true });
        const result = typeof response === "object" && response !== null ? Reflect.get(response, "result") : undefined;
        if (result === "ok") return true;
        if (result === "not found") return false;
        throw unavailable(`Cloudinary, deleting ${publicId}: it answered ${JSON.stringify(result)}.`);
      },
      options,
      () => false,
    );
  }

  /** The files whose names begin so, page by page. It may be behind by minutes, and counts against the hourly limit. */
  async *list(prefix: string, options?: CallOptions): AsyncGenerator<ListedFile> {
    let cursor: string | undefined;
    do {
      const page: unknown = await this.#run(
        "admin",
        `listing ${prefix}`,
        async (client, common) =>
          client.api.resources({
            ...common,
            prefix,
            max_results: pageSize,
            ...(cursor !== undefined && { next_cursor: cursor }),
          }),
        options,
      );
      const resources: unknown = Reflect.get(Object(page), "resources");
      for (const resource of Array.isArray(resources) ? resources : []) {
        options?.signal?.throwIfAborted();
        const publicId: unknown = Reflect.get(Object(resource), "public_id");
        const at = new Date(String(Reflect.get(Object(resource), "created_at")));
        if (typeof publicId !== "string" || !publicId.startsWith(prefix)) continue;
        yield { publicId, version: versionOf(resource), createdAt: Number.isNaN(at.getTime()) ? undefined : at };
      }
      const next: unknown = Reflect.get(Object(page), "next_cursor");
      cursor = typeof next === "string" ? next : undefined;
    } while (cursor !== undefined);
  }

  #upload(
    publicId: string,
    text: string,
    how: { readonly overwrite: boolean; readonly invalidate?: boolean },
    options: CallOptions | undefined,
  ): Promise<{ existing: boolean; version: number }> {
    const file = `data:application/json;base64,${Buffer.from(text).toString("base64")}`;
    return this.#run(
      "upload",
      `writing ${publicId}`,
      async (client, common) => {
        const response: unknown = await client.uploader.upload(file, { ...common, ...how, public_id: publicId });
        return { existing: Reflect.get(Object(response), "existing") === true, version: versionOf(response) };
      },
      options,
    );
  }

  async #run<T>(
    api: Api,
    what: string,
    call: (client: typeof v2, common: Account["common"] & { readonly timeout: number }) => Promise<T>,
    { signal }: CallOptions = {},
    whenMissing?: () => T,
  ): Promise<T> {
    const { deadlineMs, timeoutMs } = this.#options;
    const client = await this.#load();
    return retry(
      async () => {
        try {
          const answer = call(client, { ...this.#account.common, timeout: timeoutMs });
          return await abortable(inTime(answer, timeoutMs), signal);
        } catch (error) {
          signal?.throwIfAborted();
          if (isFaceKitError(error)) throw error;
          const answer = answerOf(error);
          if (whenMissing !== undefined && saysMissing(answer)) return whenMissing();
          throw failure(api, what, answer);
        }
      },
      { deadlineMs, ...(signal && { signal }) },
    );
  }

  #load(): Promise<typeof v2> {
    if (this.#options.client !== undefined) return Promise.resolve(this.#options.client);
    this.#client ??= importClient(adapterId, "cloudinary@2", async () => (await import("cloudinary")).v2);
    this.#client.catch(() => {
      this.#client = undefined;
    });
    return this.#client;
  }
}

/** The SDK's calls of the Admin API have no end where the service never answers. */
async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(`Cloudinary did not answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

function versionOf(response: unknown): number {
  const version: unknown = Reflect.get(Object(response), "version");
  if (typeof version === "number") return version;
  throw unavailable("Cloudinary answered without the file's version.");
}
