/** What requests are made of: paths, and the headers that say where, who and how. */

import type { WriteOptions } from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import { wellFormed } from "../domain/json.js";

/** Where something is asked for, and in whose name. */
export interface Place {
  /** None for what belongs to the organisation. */
  readonly namespace: string | undefined;
  readonly actor: string | undefined;
  readonly requestId: string | undefined;
}

/**
 * A part of a path.
 * @throws BAD_REQUEST for `.` and `..`, which every URL parser takes for steps, however encoded.
 */
export function segment(text: string): string {
  if (text !== "." && text !== "..") return encodeText(text);
  throw new BucketsError(
    "BAD_REQUEST",
    `"${text}" cannot be named in a URL: ask for the bucket by its id.`,
  );
}

export function placeHeaders({ namespace, actor, requestId }: Place) {
  return {
    "X-Namespace": namespace,
    "X-Actor": actor === undefined ? undefined : encodeText(actor),
    "X-Request-Id": requestId,
  };
}

export function writeHeaders({ reason, ifVersion, strict }: WriteOptions) {
  return {
    "X-Reason": reason === undefined ? undefined : encodeText(reason),
    "If-Match": ifVersion === undefined ? undefined : `"${ifVersion}"`,
    Prefer: strict === undefined ? undefined : `handling=${strict ? "strict" : "lenient"}`,
  };
}

/** Asks for signed URLs of bytes in the answer. */
export function urlQuery(isAsked: boolean | undefined) {
  return { return_presigned_urls: isAsked === true ? "true" : undefined };
}

function encodeText(text: string): string {
  return encodeURIComponent(wellFormed(text));
}
