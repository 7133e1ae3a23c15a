/**
 * What becomes of a body that nobody read. A little of it is skipped, so that the connection serves
 * on; of more, the connection ends: whoever is refused does not get to send gigabytes.
 */
import type { IncomingMessage } from "node:http";
import type { Middleware } from "koa";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { clearTimeout, setTimeout } from "../timers.js";
import type { HttpContext, RequestState } from "./route.js";

/** Closing at once would take the answer back from a client that is still sending. */
const lingerMs = 1_000;

/**
 * Asks for the body, of a client that waits to be asked (RFC 9110 section 10.1.1): to be called when
 * everything has been looked at that can be before it.
 */
export function askForBody({ req, res }: Pick<HttpContext, "req" | "res">): void {
  if (!awaitsContinue(req) || asked.has(req)) return;
  asked.add(req);
  res.writeContinue();
}

/**
 * On a machine that stood still, what came too late may arrive right after it was refused for that: what
 * was told to have failed is not done. @throws REQUEST_TIMEOUT
 */
export function assertUnanswered({ socket }: IncomingMessage): void {
  if (!socket.writableEnded) return;
  throw new BucketsError("REQUEST_TIMEOUT", "The request took too long to arrive.");
}

const asked = new WeakSet<IncomingMessage>();

function awaitsContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === "1.1" && /(^|\W)100-continue($|\W)/i.test(headers.expect ?? "");
}

/** Ends the connection of a request whose body was not read and is too much to be skipped. */
export const endUnread: Middleware<RequestState> = async function endUnread(context, next) {
  await next();
  if (!isWorthEnding(context.req)) return;
  context.set("Connection", "close");
  const text = textOf(context);
  if (text === undefined) return;
  // The whole answer goes out first, and the end of the connection, which Node makes with the end
  // of the answer, waits until the client has had the time to read it.
  context.respond = false;
  context.length = Buffer.byteLength(text);
  const { req, res } = context;
  res.statusCode = context.status;
  res.write(context.method === "HEAD" ? "" : text);
  res.flushHeaders();
  await lingering(req);
  res.end();
};

/** Undefined for a stream, which ends by itself. */
function textOf({ body }: HttpContext): string | undefined {
  if (typeof body === "string") return body;
  const isPlain =
    typeof body === "object" && body !== null && !("pipe" in body || "buffer" in body);
  return isPlain ? JSON.stringify(body) : undefined;
}

function isWorthEnding(request: IncomingMessage): boolean {
  if (request.complete || request.destroyed) return false;
  // Whoever was not asked may send the body or not: where the next request begins cannot be known.
  if (awaitsContinue(request) && !asked.has(request)) return true;
  const declared = Number(request.headers["content-length"] ?? 0);
  return (
    request.headers["transfer-encoding"] !== undefined || declared > limits.skippedBodyBytesMax
  );
}

/** Until the client has gone, has sent all, or has had its time; what it sends is not taken in. */
function lingering(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let skipped = 0;
    const end = () => {
      clearTimeout(timer);
      request.off("data", skip);
      resolve();
    };
    const skip = (chunk: Buffer) => {
      skipped += chunk.length;
      if (skipped > limits.skippedBodyBytesMax) request.pause();
    };
    const timer = setTimeout(end, lingerMs);
    request.on("data", skip);
    for (const event of ["end", "close", "error"]) request.once(event, end);
    request.resume();
    request.socket.once("close", end);
  });
}
