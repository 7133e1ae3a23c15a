/** Answers a GET or HEAD with the bytes of a blob, all or a range (RFC 9110 sections 13 and 14). */
import { Readable } from "node:stream";
import type { ServedBlob } from "../api/index.js";
import type { BlobStream, ByteRange } from "../domain/blob.js";
import { BucketsError } from "../domain/errors.js";
import { parseByteRange, rangeStillHolds } from "./byte-range.js";
import { isNotModified, readCondition } from "./conditional.js";
import { attachment, safeMediaType } from "./disposition.js";
import { setCache } from "./headers.js";
import type { HttpContext } from "./route.js";

/**
 * Sends the bytes as a download, which never changes under its tag. What keeps a browser from
 * showing it as a page, every answer carries (`shieldingHeaders`).
 *
 * @throws BAD_REQUEST for conditions that are no lists of tags, PRECONDITION_FAILED,
 * RANGE_NOT_SATISFIABLE, FILE_INVALID when the bytes are missing or not as many as they were.
 */
export async function sendBlob(context: HttpContext, blob: ServedBlob): Promise<void> {
  const { hash, sizeBytes } = blob;
  if (isNotModified(readCondition(context), hash)) {
    setIdentity(context, hash);
    context.status = 304;
    return;
  }
  const range = rangeOf(context, blob);
  // Before the headers, because the answer to a failure is to carry none of them.
  const stream = context.method === "HEAD" ? undefined : await blob.read(range);
  setIdentity(context, hash);
  context.set("Accept-Ranges", "bytes");
  context.set("Content-Type", safeMediaType(blob.mimeType));
  context.set("Content-Disposition", attachment(blob.filename));
  context.status = range === undefined ? 200 : 206;
  if (stream !== undefined) context.body = nodeStream(stream);
  context.length = range === undefined ? sizeBytes : range.end - range.start + 1;
  if (range === undefined) return;
  context.set("Content-Range", `bytes ${range.start}-${range.end}/${sizeBytes}`);
}

/** That of our own stores is one already, which holds a file open until it is destroyed. */
function nodeStream(stream: BlobStream): Readable {
  return stream instanceof Readable ? stream : Readable.from(stream);
}

function setIdentity(context: HttpContext, hash: string): void {
  context.set("ETag", `"${hash}"`);
  setCache(context, "final");
}

/** Undefined for the whole. Ranges are defined for GET alone. */
function rangeOf(context: HttpContext, { hash, sizeBytes }: ServedBlob): ByteRange | undefined {
  const isAsked = context.method === "GET" && rangeStillHolds(headerOf(context, "if-range"), hash);
  const range = isAsked ? parseByteRange(headerOf(context, "range"), sizeBytes) : "whole";
  if (range === "whole") return undefined;
  if (range !== "unsatisfiable") return range;
  context.set("Content-Range", `bytes */${sizeBytes}`);
  throw new BucketsError(
    "RANGE_NOT_SATISFIABLE",
    `The range begins after the last of ${sizeBytes} bytes: ask for an earlier one.`,
    { size_bytes: sizeBytes },
  );
}

function headerOf(context: HttpContext, name: "if-range" | "range") {
  const value = context.get(name);
  return value === "" ? undefined : value;
}
