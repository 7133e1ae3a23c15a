/** Reads a request body as the bytes that it is, chunk by chunk, as they are asked for. */
import type { IncomingMessage } from "node:http";
import { BucketsError } from "../domain/errors.js";
import { clearTimeout, monotonicNow, setTimeout } from "../timers.js";
import { type DigestCheck, digestCheck } from "./digests.js";
import type { HttpContext } from "./route.js";
import { askForBody, assertUnanswered } from "./unread.js";

export interface RawBodyLimits {
  readonly maxBytes: number;
  /** No more and no less. */
  readonly expectedBytes?: number;
  /** How long the next bytes may take to arrive; writing them away does not count. */
  readonly idleMs: number;
  /** What must have arrived on average, once it was waited for that long. */
  readonly slowest?: { readonly bytesPerSecond: number; readonly afterMs: number };
}

/**
 * The bytes of a request, to be iterated once. A Content-Length that is not allowed is refused at
 * once; a body that comes without one is for its reader to measure, as `BlobStore.write` does with
 * the same limits. A body that is not read to its end takes the connection with it.
 *
 * @throws UNSUPPORTED_MEDIA_TYPE for a Content-Encoding, PAYLOAD_TOO_LARGE, BAD_REQUEST for
 * another length than the expected; on the way BAD_REQUEST for a connection that ended and for other
 * bytes than a digest says, and REQUEST_TIMEOUT.
 */
export function readRawBody(
  context: Pick<HttpContext, "req" | "res" | "set">,
  limits: RawBodyLimits,
): AsyncIterable<Uint8Array> {
  try {
    checkHeaders(context.req, limits);
    return chunksOf(context, limits, digestCheck(context.req));
  } catch (error) {
    context.set("Connection", "close");
    throw error;
  }
}

function checkHeaders({ headers }: IncomingMessage, limits: RawBodyLimits): void {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new BucketsError("UNSUPPORTED_MEDIA_TYPE", "Send the body without Content-Encoding.", {
      accept_encoding: ["identity"],
    });
  }
  if (headers["transfer-encoding"] !== undefined) return;
  const length = Number(headers["content-length"] ?? 0);
  const { maxBytes, expectedBytes = length } = limits;
  if (length > maxBytes) {
    throw new BucketsError("PAYLOAD_TOO_LARGE", `The body is larger than ${maxBytes} bytes.`, {
      limit_bytes: maxBytes,
    });
  }
  if (length !== expectedBytes) {
    throw new BucketsError(
      "BAD_REQUEST",
      `The body has ${length} bytes: send the ${expectedBytes} that it was to have.`,
      { expected_bytes: expectedBytes, actual_bytes: length },
    );
  }
}

async function* chunksOf(
  context: Pick<HttpContext, "req" | "res" | "set">,
  { idleMs, slowest }: RawBodyLimits,
  digests: DigestCheck,
): AsyncGenerator<Uint8Array, void, undefined> {
  askForBody(context);
  // Ending early must not destroy the socket: the refusal still has to go out on it.
  const chunks = context.req.iterator({ destroyOnReturn: false });
  let isComplete = false;
  let length = 0;
  let waitedMs = 0;
  try {
    for (;;) {
      const asked = monotonicNow();
      const chunk = await nextWithin(chunks, idleMs);
      if (chunk === undefined) break;
      waitedMs += monotonicNow() - asked;
      length += chunk.length;
      if (slowest && waitedMs > slowest.afterMs) assertPace(length, waitedMs, slowest);
      digests.update(chunk);
      yield chunk;
    }
    assertUnanswered(context.req);
    isComplete = true;
    digests.assertSame();
  } finally {
    // Also when it is the reader that stops, as it does on a full disk.
    if (!isComplete) context.set("Connection", "close");
  }
}

/** A sender that drips holds what it is given for as long as it likes. @throws REQUEST_TIMEOUT */
function assertPace(
  length: number,
  waitedMs: number,
  { bytesPerSecond }: NonNullable<RawBodyLimits["slowest"]>,
): void {
  if (length * 1_000 >= bytesPerSecond * waitedMs) return;
  throw new BucketsError(
    "REQUEST_TIMEOUT",
    `The body arrives more slowly than ${bytesPerSecond} bytes in a second: send it again, faster.`,
  );
}

/** The next bytes; undefined at the end. */
async function nextWithin(
  chunks: AsyncIterator<unknown>,
  idleMs: number,
): Promise<Uint8Array | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow(idleMs)), idleMs);
  });
  try {
    const { value } = await Promise.race([chunks.next().catch(throwBrokenOff), timeout]);
    return value instanceof Uint8Array ? value : undefined;
  } finally {
    clearTimeout(timer);
  }
}

function throwBrokenOff(cause: unknown): never {
  throw new BucketsError("BAD_REQUEST", "The connection ended before the body.", {}, cause);
}

function tooSlow(idleMs: number): BucketsError {
  return new BucketsError(
    "REQUEST_TIMEOUT",
    `No more of the body arrived for ${idleMs / 1_000} seconds.`,
  );
}
