import { type CallOptions, importClient, isFaceKitError, limiter, retry, within } from "@facekit/core";
import type { v2 } from "cloudinary";
import { type Account, parseAccount } from "./account.js";
import { type Api, adapterId, answerOf, failure, saysMissing, unavailable } from "./failures.js";

/** Files per page of a list: the most that the Admin API gives. */
const pageSize = 500;

/** Requests at a time, of all kinds. The service throttles accounts that send many more. */
export const mostRequests = 8;

export interface ServiceOptions {
  readonly url: string;
  readonly client: typeof v2 | undefined;
  /** No attempt starts after this many milliseconds. */
  readonly deadlineMs: number;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ServiceCall extends CallOptions {
  /** Instead of the service's. 0: one attempt. */
  readonly deadlineMs?: number;
}

/** What the service tells of a file that is there. */
export interface FoundFile {
  /** The second it was written in. */
  readonly version: number;
  /** The MD5 of its bytes, in hexadecimal digits. */
  readonly etag: string;
}

export interface ListedFile {
  readonly publicId: string;
  readonly version: number;
  readonly createdAt: Date | undefined;
}

/**
 * Private raw files in a Cloudinary account. Each call is repeated until its deadline where the network or the service
 * fails; all of them may be: names are not used twice for different contents, and no file is written over.
 */
export class Service {
  /** How long failed requests are begun again, in milliseconds. */
  readonly deadlineMs: number;
  readonly #timeoutMs: number;
  readonly #given: typeof v2 | undefined;
  readonly #account: Account;
  readonly #inTurn = limiter(mostRequests);
  #client: Promise<typeof v2> | undefined;

  constructor({ url, client, deadlineMs, timeoutMs }: ServiceOptions) {
    this.deadlineMs = deadlineMs;
    this.#timeoutMs = timeoutMs;
    this.#given = client;
    this.#account = parseAccount(url);
  }

  /**
   * Makes a file, and tells of it; or of the one of that name that is there already. Of two callers at once both may be told
   * of theirs, and one is written over. A text may be made anew for each attempt.
   */
  create(publicId: string, text: string | (() => string), options?: ServiceCall): Promise<FoundFile> {
    return this.#run(
      "upload",
      `writing ${publicId}`,
      async (client, common) => {
        const bytes = Buffer.from(typeof text === "string" ? text : text());
        const file = `data:application/json;base64,${bytes.toString("base64")}`;
        return toFound(await client.uploader.upload(file, { ...common, public_id: publicId, overwrite: false }));
      },
      options,
    );
  }

  /**
   * A file, or undefined where there is none. `explicit` belongs to the Upload API: it sees what was written at once, goes
   * through no cache, and has no hourly limit.
   */
  look(publicId: string, options?: ServiceCall): Promise<FoundFile | undefined> {
    return this.#run<FoundFile | undefined>(
      "upload",
      `looking for ${publicId}`,
      async (client, common) => toFound(await client.uploader.explicit(publicId, common)),
      options,
      () => undefined,
    );
  }

  /**
   * What JSON a file holds, or undefined where there is none. The version keeps caches from giving what lay there before;
   * it is a second, so it would not keep two contents of one second apart.
   */
  async read(publicId: string, version: number, options?: CallOptions): Promise<unknown> {
    const client = await this.#load();
    const { signal } = options ?? {};
    const { common, delivery } = this.#account;
    const what = `reading ${publicId}`;
    let known = version;
    return retry(
      async () => {
        const how = { ...common, ...delivery, version: known, sign_url: true, analytics: false };
        const url = client.url(publicId, how);
        const text = await this.#inTurn(() => this.#fetch(url, what, signal), signal);
        if (text !== undefined) return toJson(text, what);
        const found = await this.look(publicId, { ...options, deadlineMs: 0 });
        if (found === undefined) return undefined;
        known = found.version;
        throw unavailable(`Cloudinary, ${what}: it is there, and is not delivered.`);
      },
      { deadlineMs: this.deadlineMs, ...(signal && { signal }) },
    );
  }

  /** Deletes a file, in the caches too. Tells whether it was there. */
  destroy(publicId: string, options?: ServiceCall): Promise<boolean> {
    let attempts = 0;
    // A second attempt may not find what the first one deleted.
    const missing = (): boolean => attempts > 1;
    return this.#run(
      "upload",
      `deleting ${publicId}`,
      async (client, common) => {
        attempts++;
        const response: unknown = await client.uploader.destroy(publicId, { ...common, invalidate: true });
        const result = typeof response === "object" && response !== null ? Reflect.get(response, "result") : undefined;
        if (result === "ok") return true;
        if (result === "not found") return missing();
        throw unavailable(`Cloudinary, deleting ${publicId}: it answered ${JSON.stringify(result)}.`);
      },
      options,
      missing,
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
        const { version } = toFound(resource);
        yield { publicId, version, createdAt: Number.isNaN(at.getTime()) ? undefined : at };
      }
      const next: unknown = Reflect.get(Object(page), "next_cursor");
      cursor = typeof next === "string" ? next : undefined;
    } while (cursor !== undefined);
  }

  async #run<T>(
    api: Api,
    what: string,
    call: (client: typeof v2, common: Account["common"] & { readonly timeout: number }) => Promise<T>,
    { signal, deadlineMs = this.deadlineMs }: ServiceCall = {},
    whenMissing?: () => T,
  ): Promise<T> {
    const client = await this.#load();
    const timeout = this.#timeoutMs;
    // The SDK's calls of the Admin API have no end where the service never answers.
    const attempt = (): Promise<T> =>
      within(timeout, () => call(client, { ...this.#account.common, timeout }), this.#limits(signal));
    return retry(
      async () => {
        try {
          return await this.#inTurn(attempt, signal);
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

  /** Undefined where the service says that there is no such file. */
  async #fetch(url: string, what: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const [response, text] = await within(
        this.#timeoutMs,
        async (ended) => {
          const answer = await fetch(url, { signal: ended });
          return [answer, await answer.text()] as const;
        },
        this.#limits(signal),
      );
      if (response.ok) return text;
      // Without this header it is some proxy's page.
      if (response.status === 404 && response.headers.has("x-cld-error")) return undefined;
      throw failure("delivery", what, { status: response.status, message: response.statusText });
    } catch (error) {
      signal?.throwIfAborted();
      if (isFaceKitError(error)) throw error;
      throw unavailable(`Cloudinary, ${what}: ${String(error)}`, error);
    }
  }

  #limits(signal: AbortSignal | undefined): CallOptions & { readonly late: () => Error } {
    const late = (): Error => unavailable(`Cloudinary did not answer within ${this.#timeoutMs} ms.`);
    return { late, ...(signal && { signal }) };
  }

  #load(): Promise<typeof v2> {
    if (this.#given !== undefined) return Promise.resolve(this.#given);
    this.#client ??= importClient(adapterId, "cloudinary@2", async () => (await import("cloudinary")).v2);
    this.#client.catch(() => {
      this.#client = undefined;
    });
    return this.#client;
  }
}

function toJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its message may quote the template.
    throw unavailable(`Cloudinary, ${what}: the answer is no JSON.`);
  }
}

function toFound(response: unknown): FoundFile {
  const version: unknown = Reflect.get(Object(response), "version");
  const etag: unknown = Reflect.get(Object(response), "etag");
  if (typeof version === "number") return { version, etag: typeof etag === "string" ? etag : "" };
  throw unavailable("Cloudinary answered without the file's version.");
}
