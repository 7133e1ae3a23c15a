/** A point in the past (CONTRACT: history and time): a version, a position or a time. */
import { BucketsError } from "./errors.js";
import { lostPlus, timestamp } from "./schemas.js";

export type Point =
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "position"; readonly position: number }
  | { readonly kind: "time"; readonly time: number };

const ordinal = /^[1-9][0-9]*$/;

/**
 * Parses `7`, `@1234`, an RFC 3339 time with its offset, or a day for its beginning in UTC.
 * @throws BAD_REQUEST for anything else: zero, negative, fractional or malformed.
 */
export function parsePoint(text: string, name = "as_of"): Point {
  if (ordinal.test(text) && Number.isSafeInteger(Number(text))) {
    return { kind: "version", version: Number(text) };
  }
  const position = text.slice(1);
  if (text.startsWith("@") && ordinal.test(position) && Number.isSafeInteger(Number(position))) {
    return { kind: "position", position: Number(position) };
  }
  const time = timestamp.safeParse(text);
  if (time.success) return { kind: "time", time: Date.parse(time.data) };
  throw new BucketsError("BAD_REQUEST", `${name}=${text} is no point in time: ${fixOf(text)}`);
}

function fixOf(text: string): string {
  return (
    lostPlus(text) ??
    "use a version (7), a position (@1234), a time with its offset (2026-10-01T00:00:00Z) or a day."
  );
}
