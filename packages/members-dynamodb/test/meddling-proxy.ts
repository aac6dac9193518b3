import { createServer, type IncomingHttpHeaders, request as send } from "node:http";
import { onTestFinished } from "vitest";

export interface Passing {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The operation of DynamoDB, such as `"PutItem"`; "" of others. */
  readonly operation: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Answers a request itself, or with what the server says to it or to another. */
export type Meddle = (passing: Passing, forward: (body?: string) => Promise<Reply>) => Reply | Promise<Reply>;

export interface MeddlingProxy {
  readonly endpoint: string;
  readonly passed: readonly Passing[];
}

/** A proxy before a server of AWS's protocols, which the test may have meddle with what passes. */
export async function meddlingProxy(upstream: string | undefined, meddle: Meddle): Promise<MeddlingProxy> {
  const passed: Passing[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const { method = "", url = "", headers } = request;
      const operation = String(headers["x-amz-target"] ?? "").split(".")[1] ?? "";
      const passing = { method, url, headers, body: Buffer.concat(chunks), operation };
      passed.push(passing);
      const { status, headers: answered, body } = await meddle(passing, (other) => forward(upstream, passing, other));
      response.writeHead(status, { ...answered }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  return { endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, passed };
}

function forward(
  upstream: string | undefined,
  { method, url, headers, body }: Passing,
  other?: string,
): Promise<Reply> {
  const content = other === undefined ? body : Buffer.from(other);
  return new Promise((resolve, reject) => {
    const onward = send(
      new URL(url, upstream),
      { method, headers: { ...headers, "content-length": content.length } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const type = answer.headers["content-type"];
          resolve({
            status: answer.statusCode ?? 502,
            body: Buffer.concat(chunks),
            ...(type !== undefined && { headers: { "content-type": type } }),
          });
        });
      },
    );
    onward.on("error", reject);
    onward.end(content);
  });
}
