/**
 * Cursors: opaque, URL-safe places between two rows. A cursor belongs to one list with one set of
 * filters; a checksum refuses one that was cut, changed, or made for another list.
 */
import { hash } from "node:crypto";
import { z } from "zod";
import { BucketsError } from "../../domain/errors.js";

const checksumLength = 12;

/** A cursor as it is sent: an empty one is none, which programs for the hosted API begin with. */
export const cursorText = z
  .string()
  .optional()
  .transform((cursor) => cursor || undefined);

/** @param scope names the list and its filters; the same must be given to read the cursor. */
export function encodeCursor(scope: string, place: unknown): string {
  const text = JSON.stringify(place);
  return Buffer.from(`${checksum(scope, text)}${text}`).toString("base64url");
}

/** Whether a cursor was made for that, by anybody. */
export function isCursorOf(scope: string, cursor: string): boolean {
  return textOf(scope, cursor) !== undefined;
}

/** @throws BAD_REQUEST for a cursor that this list did not give. */
export function decodeCursor<T>(scope: string, place: z.ZodType<T>, cursor: string): T {
  const text = textOf(scope, cursor);
  const parsed = text === undefined ? undefined : place.safeParse(parse(text));
  if (parsed?.success === true) return parsed.data;
  throw new BucketsError(
    "BAD_REQUEST",
    "The cursor does not belong to this list with these filters: start again without it.",
  );
}

function textOf(scope: string, cursor: string): string | undefined {
  const text = Buffer.from(cursor, "base64url").toString("utf8").slice(checksumLength);
  // Written again and compared, because decoding passes over what does not belong to it.
  const again = Buffer.from(`${checksum(scope, text)}${text}`).toString("base64url");
  return again === cursor ? text : undefined;
}

/** The checksum is no secret: a text that has the right one may still be anything. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checksum(scope: string, text: string): string {
  return hash("sha256", `${scope}\n${text}`).slice(0, checksumLength);
}
