/** The HTTP server around the app: its limits, the answers that Node gives itself, and how it ends. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { BucketsError, type ErrorCode } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { type AppOptions, createApp, randomRequestId } from "./app.js";
import { toProblem } from "./problem.js";

export interface ServeOptions extends Omit<AppOptions, "isDraining" | "stopping"> {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

export interface RunningServer {
  /** `http://HOST:PORT`, without a slash at the end. */
  readonly url: string;
  /**
   * Turns readiness off, ends change feeds, lets requests under way finish, then closes what is left. Resolves within
   * 9 seconds. Does not close the store. Idempotent.
   */
  close(): Promise<void>;
}

const headersTimeoutMs = 15_000;
const requestTimeoutMs = 30_000;
const keepAliveTimeoutMs = 65_000;
const drainMsMax = 8_000;

/** Listens, and resolves once connections are taken. */
export async function serveStore(options: ServeOptions): Promise<RunningServer> {
  const stopping = new AbortController();
  const app = createApp({
    ...options,
    isDraining: () => stopping.signal.aborted,
    stopping: stopping.signal,
  });
  const serve = app.callback();
  const server = createServer(
    {
      maxHeaderSize: limits.headerSectionBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
      // The app refuses it, with a body that says so.
      requireHostHeader: false,
    },
    serve,
  );
  // An expectation that is not known may be ignored (RFC 9110 section 10.1.1).
  server.on("checkExpectation", serve);
  server.on("clientError", (error, socket) => {
    answerClientError(error, socket, (options.newRequestId ?? randomRequestId)());
  });
  await listen(server, options);
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(server, options.host),
    close: () => {
      stopping.abort();
      closing ??= drain(server);
      return closing;
    },
  };
}

function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function urlOf(server: Server, host: string): string {
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), drainMsMax);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Node refuses some requests before the app sees them; they get the same envelope. */
function answerClientError(error: Error, socket: Duplex, requestId: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblem(refusalOf(error), requestId, false);
  const body = JSON.stringify(problem.body);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${statusText[problem.status] ?? "Bad Request"}`,
      `Content-Type: ${problem.mediaType}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      "Cache-Control: no-store",
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}

const statusText: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

function refusalOf(error: Error): BucketsError {
  const nodeCode = "code" in error ? error.code : undefined;
  const [code, message]: readonly [ErrorCode, string] =
    nodeCode === "HPE_HEADER_OVERFLOW"
      ? ["HEADERS_TOO_LARGE", `The headers are larger than ${limits.headerSectionBytesMax} bytes.`]
      : nodeCode === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["REQUEST_TIMEOUT", "The request took too long to arrive."]
        : ["BAD_REQUEST", "This is not an HTTP request that can be read."];
  return new BucketsError(code, message);
}
