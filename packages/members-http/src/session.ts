import { type FaceKitError, within } from "@facekit/core";
import type { Client, HttpAnswer, HttpRequest } from "./client.js";
import { type Environment, fill, fillAll } from "./environment.js";
import { accessDenied, nameOf, refused, unavailable } from "./failures.js";
import { at, textOf } from "./json.js";
import type { LoginOptions } from "./options.js";

interface Token {
  readonly header: Readonly<Record<string, string>>;
  /** Whether the API took it at least once: one that it takes no more has expired, one that it never took is refused. */
  accepted: boolean;
}

interface Login {
  readonly login: Promise<Token>;
  /** Set when it has succeeded. */
  token?: Token;
}

export interface SessionOptions {
  readonly client: Client;
  readonly url: URL;
  readonly login: LoginOptions;
  /** Those of every call. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly environment: Environment;
}

/** Sends requests with a token. All callers share one, and one login where there is none. */
export interface Session {
  /** Answers with 401 are not given out: the token is renewed, and where that does not help it is `access-denied`. */
  send(request: HttpRequest, deadline: number, signal: AbortSignal | undefined): Promise<HttpAnswer>;
}

/** Tokens that were good and expired while the request was on its way; more are no accident. */
const mostRenewals = 3;

/** How long refused credentials are not tried again. */
const restMs = 10_000;

export function createSession({ client, url, login, headers, environment }: SessionOptions): Session {
  const { method = "POST", format = "json", header = "Authorization", value = "Bearer {token}" } = login;
  let current: Login | undefined;
  /** The last refusal: the same credentials are not tried again at once, or the account might be locked. */
  let denied: { readonly sent: string; readonly error: FaceKitError; readonly until: number } | undefined;

  const prepare = (): HttpRequest => {
    const body = login.body && fillAll(login.body, environment);
    const form = format === "form" && body !== undefined;
    const text = body && (form ? new URLSearchParams(body).toString() : JSON.stringify(body));
    const type = form ? "application/x-www-form-urlencoded" : "application/json";
    return {
      method,
      url,
      headers: {
        ...headers(),
        ...(text !== undefined && { "content-type": type }),
        ...fillAll(login.headers, environment),
      },
      // A login that is sent again gives another token.
      repeatable: true,
      accept: [400, 401, 403],
      ...(text !== undefined && { body: text }),
    };
  };

  const logIn = async (): Promise<Token> => {
    const deadline = client.deadline();
    const request = prepare();
    const sent = JSON.stringify([request.headers, request.body]);
    if (denied?.sent === sent && performance.now() < denied.until) throw denied.error;
    // Not in turn: those whose turn it is are waiting for it.
    const answer = await client.persist(() => client.send(request, deadline, undefined), deadline, undefined);
    if (answer.status >= 400) {
      const error = accessDenied(
        `The members' API refused the login with status ${answer.status}. Check the credentials.`,
      );
      denied = { sent, error, until: performance.now() + restMs };
      throw error;
    }
    denied = undefined;
    const token = textOf(at(answer.json, login.token));
    // Not shown, and checked here: fetch would show what it does not take.
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
      throw accessDenied(`The login's answer has no token at "${login.token}".`);
    }
    return { header: { [header]: fill(value, {}).replace("{token}", () => token) }, accepted: false };
  };

  const tokenOf = (): Promise<Token> => {
    if (current === undefined) {
      const begun: Login = {
        login: logIn().then(
          (token) => {
            begun.token = token;
            return token;
          },
          (error: unknown) => {
            if (current === begun) current = undefined;
            throw error;
          },
        ),
      };
      current = begun;
      return begun.login;
    }
    return current.login;
  };

  return {
    async send(request, deadline, signal) {
      let refusedFresh = 0;
      for (let renewals = 0; ; renewals++) {
        // Asked for when the turn has come: until then it might expire.
        const { token, answer } = await client.inTurn(
          async () => {
            // One caller's abort is not the others', nor is one's deadline.
            const token = await within(deadline - performance.now(), tokenOf, {
              late: () => unavailable(`${nameOf({ method, url })} was not answered in time.`, { retryable: true }),
              ...(signal && { signal }),
            });
            const headersOfAll = { ...request.headers, ...token.header };
            const accept = [...request.accept, 401];
            return {
              token,
              answer: await client.send({ ...request, headers: headersOfAll, accept }, deadline, signal),
            };
          },
          deadline,
          signal,
        );
        if (answer.status !== 401) {
          token.accepted = true;
          return answer;
        }
        if (current?.token === token) current = undefined;
        if (!token.accepted) refusedFresh++;
        if (refusedFresh === 2 || renewals === mostRenewals) throw refused(request, 401, undefined);
      }
    },
  };
}
