/** Reads that look at very much are answered by others, so that they keep nobody waiting here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { PassThrough, pipeline, type Readable } from "node:stream";
import type { Token } from "../api/index.js";
import type { HttpContext } from "./route.js";

/** A request whose token was checked and whose body has arrived. */
export interface AskedRead {
  readonly method: string;
  /** The path with its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array | undefined;
  readonly token: Token;
  /** Aborted once nobody waits for the answer. */
  readonly signal: AbortSignal;
}

export interface Readers {
  /**
   * The answer, as the same request has it here.
   * @throws READ_TIMEOUT, OVERLOADED
   */
  answer(asked: AskedRead): Promise<IncomingMessage>;
}

/** What is of the connection, or is said here. */
const notPassedOn: ReadonlySet<string> = new Set([
  "connection",
  "date",
  "keep-alive",
  "transfer-encoding",
  "vary",
  "x-request-id",
]);

/** Has the request answered, and gives the answer to whoever asked. */
export async function passOn(
  readers: Readers,
  context: HttpContext,
  { token, body }: Pick<AskedRead, "token" | "body">,
): Promise<void> {
  const gone = new AbortController();
  context.res.once("close", () => gone.abort());
  const { method, url, headers, state } = context;
  const answer = await readers.answer({
    method,
    url,
    headers: { ...headers, "x-request-id": state.requestId },
    body,
    token,
    signal: gone.signal,
  });
  const length = Number(answer.headers["content-length"] ?? 0);
  const stream = length === 0 ? answer : takenWhole(answer, length);
  context.body = stream;
  context.status = answer.statusCode ?? 500;
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !notPassedOn.has(name)) context.set(name, value);
  }
  context.vary(answer.headers.vary ?? "");
  // Without a body Koa has let go of it.
  if (context.body !== stream) stream.resume();
}

/** Taken from the reader as fast as it comes, however slowly it is read here: it was counted. */
function takenWhole(answer: IncomingMessage, length: number): Readable {
  const whole = new PassThrough({ highWaterMark: length });
  // Where it breaks off the stream that is answered does, and so whoever reads it learns of it.
  pipeline(answer, whole, () => {});
  return whole;
}
