/** The HTTP server around the app: its limits, the answers that Node gives itself, and how it ends. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { clearTimeout, setTimeout } from "../timers.js";
import { overloaded } from "./admission.js";
import { type AppOptions, createApp, healthWith, randomRequestId } from "./app.js";
import { parseBasePath } from "./base-path.js";
import { corsHeaders } from "./cors.js";
import { shieldingHeaders } from "./headers.js";
import { logHealth } from "./health-log.js";
import { toProblem } from "./problem.js";

export interface ServeOptions extends Omit<AppOptions, "isDraining" | "stopping" | "unhurried"> {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** How long the headers of a request, and then all of it, may take to arrive; for tests. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** Connections that may be open at once; 10,000 unless given. */
  readonly connectionsMax?: number;
}

export interface RunningServer {
  /** `http://HOST:PORT` and the base path, without a slash at the end. */
  readonly url: string;
  /**
   * Turns readiness off, ends change feeds, lets requests under way finish, then closes what is left. Resolves within
   * 9 seconds. Does not close the store. Idempotent.
   */
  close(): Promise<void>;
}

const headersTimeoutMsDefault = 15_000;
const requestTimeoutMsDefault = 30_000;
const keepAliveTimeoutMs = 65_000;
const connectionsCheckMs = 1_000;
const drainMsMax = 8_000;
/** Closing at once would take the answer back from a client that is still sending. */
const lingerMs = 1_000;

/** Listens, and resolves once connections are taken. */
export async function serveStore(options: ServeOptions): Promise<RunningServer> {
  const stopping = new AbortController();
  const unhurried = new WeakSet<object>();
  const app = createApp({
    ...options,
    unhurried,
    isDraining: () => stopping.signal.aborted,
    stopping: stopping.signal,
  });
  const callback = app.callback();
  /** The last one of each connection that is open. */
  const answers = new Map<Duplex, ServerResponse>();
  /** Whatever is sent on them is not carried out: it has its answer. */
  const refused = new WeakSet<Duplex>();
  const serve = (request: IncomingMessage, answer: ServerResponse) => {
    if (refused.has(request.socket)) return;
    answers.set(request.socket, answer);
    return callback(request, answer);
  };
  const server = createServer(
    {
      maxHeaderSize: limits.headerSectionBytesMax,
      headersTimeout: options.headersTimeoutMs ?? headersTimeoutMsDefault,
      requestTimeout: options.requestTimeoutMs ?? requestTimeoutMsDefault,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: connectionsCheckMs,
      // The app refuses it, with a body that says so.
      requireHostHeader: false,
    },
    serve,
  );
  const { connectionsMax = limits.connectionsMax } = options;
  let connections = 0;
  server.on("connection", (socket: Duplex) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
      answers.delete(socket);
    });
    if (connections <= connectionsMax) return;
    refused.add(socket);
    endWith(overloaded("Too many connections are open"), socket, options);
  });
  // An expectation that is not known may be ignored (RFC 9110 section 10.1.1).
  server.on("checkExpectation", serve);
  // Whoever asks before it sends a body is told to once it is known that we want it.
  server.on("checkContinue", serve);
  server.on("clientError", (error, socket) => {
    // What takes long on purpose minds by itself that bytes keep arriving.
    if (isTimeout(error) && unhurried.has(socket)) return;
    refused.add(socket);
    if (!socket.writable || hasBegunToAnswer(answers.get(socket))) socket.destroy();
    else endWith(refusalOf(error), socket, options, originOf(error));
  });
  await listen(server, options);
  const healthLog = logHealth(options.logger, () => healthWith(options.store, options.backups));
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(server, options.host) + parseBasePath(options.basePath ?? ""),
    close: () => {
      stopping.abort();
      healthLog.stop();
      closing ??= drain(server);
      return closing;
    },
  };
}

/**
 * Whether the request that came last has its answer or a part of it: another one behind it would be
 * taken for a part of it, or for that of a request that was not sent yet.
 */
function hasBegunToAnswer(answer: ServerResponse | undefined): boolean {
  if (answer?.headersSent !== true) return false;
  return !answer.writableFinished || !answer.req.complete;
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

/** What is refused before the app sees it gets the same envelope. */
function endWith(
  refusal: BucketsError,
  socket: Duplex,
  options: ServeOptions,
  origin?: string,
): void {
  const requestId = (options.newRequestId ?? randomRequestId)();
  const problem = toProblem(refusal, { requestId });
  const body = JSON.stringify(problem.body);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${statusText[problem.status] ?? "Bad Request"}`,
      `Content-Type: ${problem.mediaType}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      "Cache-Control: no-store",
      ...Object.entries({
        ...shieldingHeaders,
        ...corsHeaders(options.corsOrigins ?? [], origin ?? ""),
        ...problem.headers,
      }).map(([name, value]) => `${name}: ${value}`),
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
    () => setTimeout(() => socket.destroy(), lingerMs).unref(),
  );
}

/** The origin of a request that was not parsed to its end, as far as its bytes tell. */
function originOf(error: Error): string {
  return (
    /^origin:[ \t]*(\S+)[ \t]*\r?$/im.exec(packetOf(error)?.toString("latin1") ?? "")?.[1] ?? ""
  );
}

/** The bytes that Node read last. */
function packetOf(error: Error): Buffer | undefined {
  return "rawPacket" in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket : undefined;
}

const statusText: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  414: "URI Too Long",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

function isTimeout(error: Error): boolean {
  return "code" in error && error.code === "ERR_HTTP_REQUEST_TIMEOUT";
}

function refusalOf(error: Error): BucketsError {
  switch ("code" in error ? error.code : undefined) {
    case "HPE_HEADER_OVERFLOW":
      return hasLongUrl(error)
        ? new BucketsError("URI_TOO_LONG", `A URL has at most ${limits.urlBytesMax} bytes.`)
        : new BucketsError(
            "HEADERS_TOO_LARGE",
            `The headers are larger than ${limits.headerSectionBytesMax} bytes.`,
          );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new BucketsError("REQUEST_TIMEOUT", "The request took too long to arrive.");
    default:
      return new BucketsError("BAD_REQUEST", "This is not an HTTP request that can be read.");
  }
}

/** Node counts the request line as a header; the bytes that it last read tell the two apart. */
function hasLongUrl(error: Error): boolean {
  const packet = packetOf(error);
  if (packet === undefined || !/^[A-Z]+ /.test(packet.toString("latin1", 0, 16))) return false;
  const lineEnd = packet.indexOf("\r\n");
  return lineEnd === -1 || lineEnd > limits.urlBytesMax;
}
