/** Ranges of bytes (RFC 9110 section 14): which part of some content a request asks for. */
import type { ByteRange } from "../domain/blob.js";

/**
 * What a Range header asks of content of that size. A header that cannot be read, another unit, and
 * more than one range are answered with the whole, which every client must be able to take; so is
 * empty content, of which there is no part.
 */
export function parseByteRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if ((first === "" && last === "") || sizeBytes === 0) return "whole";
  if (first === "") return suffix(Number(last), sizeBytes);
  const start = Number(first);
  const end = last === "" ? sizeBytes - 1 : Number(last);
  if (last !== "" && end < start) return "whole";
  if (start >= sizeBytes) return "unsatisfiable";
  return { start, end: Math.min(end, sizeBytes - 1) };
}

function suffix(length: number, sizeBytes: number): ByteRange | "unsatisfiable" {
  if (length === 0) return "unsatisfiable";
  return { start: Math.max(0, sizeBytes - length), end: sizeBytes - 1 };
}

/**
 * Whether a range may be served under this If-Range: it must be the strong tag of the content. A
 * date never is, because we tell none.
 */
export function rangeStillHolds(ifRange: string | undefined, tag: string): boolean {
  return ifRange === undefined || ifRange.trim() === `"${tag}"`;
}
