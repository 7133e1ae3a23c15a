/** A proxy before a server, which does to the next requests what it is told to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

/** A made-up answer; or a cut before the server has seen the request, after it has, or amid its answer. */
export type Fault =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | "cut before"
  | "cut after"
  | "cut amid";

export interface Proxy {
  readonly url: string;
  /** For the next requests, one each; those beyond are passed on. */
  readonly faults: Fault[];
  /** What has come so far, as `PATCH /v1/buckets/x`, with its headers. */
  readonly requests: readonly { readonly line: string; readonly headers: Headers }[];
}

export async function proxyBefore(target: string): Promise<Proxy> {
  const faults: Fault[] = [];
  const requests: { line: string; headers: Headers }[] = [];
  const server = createServer(async (request, response) => {
    const headers = headersOf(request);
    requests.push({ line: `${request.method} ${request.url}`, headers });
    const fault = faults.shift();
    if (typeof fault === "object") {
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    }
    if (fault === "cut before") return void response.destroy();
    await passOn(target, request, headers, response, fault);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, faults, requests };
}

async function passOn(
  target: string,
  request: IncomingMessage,
  headers: Headers,
  response: ServerResponse,
  fault: "cut after" | "cut amid" | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks);
  for (const name of ["host", "connection", "content-length", "transfer-encoding"]) {
    headers.delete(name);
  }
  const answer = await fetch(`${target}${request.url}`, {
    method: request.method ?? "GET",
    headers,
    ...(body.length > 0 && { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (fault === "cut after") return void response.destroy();
  const { "transfer-encoding": _, connection: __, ...kept } = Object.fromEntries(answer.headers);
  response.writeHead(answer.status, { ...kept, "content-length": String(bytes.length) });
  if (fault === undefined) return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

function headersOf({ headers }: IncomingMessage): Headers {
  return new Headers(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
}
