/** Reads and parses request bodies: media type, size, UTF-8 and JSON, in the order of the contract. */
import type { IncomingMessage } from "node:http";
import { BucketsError } from "../domain/errors.js";
import { frozen, type JsonValue, tooManyValues } from "../domain/json.js";
import { hasManyValues, parseJsonText } from "../domain/json-text.js";
import { limits } from "../domain/limits.js";
import type { TakenContents } from "../domain/object/taken-contents.js";
import { patchMediaTypes } from "../domain/patch-media-type.js";
import { wholeTurn } from "../timers.js";
import { digestCheck } from "./digests.js";
import { findInBody, type LargeBodies, readFound } from "./large-body.js";
import type { HttpContext, Route } from "./route.js";
import { askForBody, assertUnanswered } from "./unread.js";

export interface RequestBody {
  /** Without parameters, in lower case. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Undefined when the body is empty. */
  readonly json: JsonValue | undefined;
  /** Of its blobs, where they were taken out of it. */
  readonly contents?: TakenContents;
}

/**
 * The JSON body of a request.
 *
 * @param mediaTypes those that the route takes, the default first.
 * @param options how large it may be, 1 MiB unless given, and how it is parsed, strictly unless given.
 * @param large who looks through one that is larger or has more values than others may.
 * @throws UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE beyond that, VALIDATION_FAILED for more values than
 * one body may have, BAD_REQUEST for what is not strict JSON.
 */
export async function readJsonBody(
  context: Pick<HttpContext, "req" | "res">,
  mediaTypes: readonly string[],
  options: Pick<Route, "bodyBytesMax" | "bodyContent" | "parseBody"> = {},
  large: LargeBodies = lookedThroughHere,
): Promise<RequestBody> {
  const request = context.req;
  const { bodyContent, parseBody = parseJsonText } = options;
  const bytesMax = options.bodyBytesMax ?? limits.jsonBodyBytesMax;
  const declared = Number(request.headers["content-length"] ?? 0);
  const isEmpty = declared === 0 && request.headers["transfer-encoding"] === undefined;
  const [defaultType = "application/json"] = mediaTypes;
  if (isEmpty) return { mediaType: defaultType, bytes: new Uint8Array(), json: undefined };
  const mediaType = checkMediaType(request, mediaTypes);
  const bytes = await readBytes(context, bytesMax);
  const patchType = patchMediaTypes.find((known) => known === mediaType);
  const isLarge = bytes.length > limits.jsonBodyBytesMax || hasManyValues(bytes);
  if (isLarge && bodyContent !== undefined && patchType) {
    const found = await large.find({ bytes, mediaType: patchType, content: bodyContent });
    return { mediaType, bytes, ...(await readFound(found)) };
  }
  if (isLarge) throw tooManyValues();
  const json = bytes.length === 0 ? undefined : parseBody(bytes);
  if (bytes.length >= limits.countedBytesMin) {
    // It is made nobody's to change, as whoever takes it does, and what is made of it may take as long again.
    await wholeTurn();
    frozen(json);
    await wholeTurn();
  }
  return { mediaType, bytes, json };
}

const lookedThroughHere: LargeBodies = { find: async (body) => findInBody(body) };

function checkMediaType(request: IncomingMessage, mediaTypes: readonly string[]): string {
  assertIdentity(request);
  // Whoever says nothing means the default, as clients of the hosted API do.
  return readMediaType(request.headers["content-type"] || mediaTypes[0] || "", mediaTypes);
}

function assertIdentity(request: IncomingMessage): void {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() === "identity") return;
  throw new BucketsError("UNSUPPORTED_MEDIA_TYPE", "Send the body without Content-Encoding.", {
    accept_encoding: ["identity"],
  });
}

/** @throws UNSUPPORTED_MEDIA_TYPE for a `Content-Type` that is none of these. */
export function readMediaType(contentType: string, mediaTypes: readonly string[]): string {
  if (mediaTypes.includes(contentType)) return contentType;
  const [type = "", ...parameters] = contentType.split(";");
  const mediaType = type.trim().toLowerCase();
  const charset = parameters
    .map((parameter) => parameter.trim().toLowerCase())
    .find((parameter) => parameter.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (mediaTypes.includes(mediaType) && isUtf8) return mediaType;
  throw new BucketsError(
    "UNSUPPORTED_MEDIA_TYPE",
    isUtf8
      ? `Send the body as ${mediaTypes.join(" or ")}.`
      : "JSON is UTF-8: send the body without another charset.",
    { accepted: mediaTypes },
  );
}

/** The bytes of a body as they are. @throws PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST */
export async function readBytes(
  context: Pick<HttpContext, "req" | "res">,
  bytesMax: number,
): Promise<Uint8Array> {
  const request = context.req;
  assertIdentity(request);
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const digests = digestCheck(request);
  askForBody(context);
  const chunks = await chunksOf(request, bytesMax);
  assertUnanswered(request);
  for (const chunk of chunks) digests.update(chunk);
  digests.assertSame();
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** By its events: to iterate over a request makes three promises for each part of it. */
function chunksOf(request: IncomingMessage, bytesMax: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > bytesMax) fail(tooLarge(bytesMax));
    };
    const end = () => {
      stop();
      resolve(chunks);
    };
    const breakOff = (cause?: unknown) =>
      fail(new BucketsError("BAD_REQUEST", "The connection ended before the body.", {}, cause));
    const fail = (error: BucketsError) => {
      stop();
      // The socket is left as it is: the refusal still has to go out on it.
      request.pause();
      reject(error);
    };
    const stop = () => {
      request.off("data", take).off("end", end).off("error", breakOff).off("close", breakOff);
    };
    if (request.destroyed) return breakOff(request.errored ?? undefined);
    request.on("data", take).on("end", end).on("error", breakOff).on("close", breakOff);
  });
}

function tooLarge(bytesMax: number): BucketsError {
  return new BucketsError("PAYLOAD_TOO_LARGE", `The body is larger than ${bytesMax} bytes.`, {
    limit_bytes: bytesMax,
  });
}
