/** What the requests of all kinds of resources have in common. */
import type { z } from "zod";
import type { JsonValue } from "../domain/json.js";
import {
  type BucketRead,
  type WriteOptions,
  type Written,
  type WrittenBody,
  writtenMediaType,
} from "../service/interface.js";
import { type Place, placeHeaders, writeHeaders } from "./request.js";
import type { Call } from "./transport.js";

/** A write, without what all have in common. */
export interface Write {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Call["query"];
  readonly json?: JsonValue;
  readonly mediaType?: string;
}

/** Every write has a key, so that it is done once however often it has to be sent. */
export function writing(place: Place, { mediaType, ...write }: Write, options: WriteOptions): Call {
  const isDry = options.dryRun === true;
  return {
    ...write,
    kind: isDry ? "read" : "write",
    query: { ...write.query, dry_run: isDry ? "true" : undefined },
    headers: {
      ...placeHeaders(place),
      ...writeHeaders(options),
      ...(mediaType !== undefined && { "Content-Type": mediaType }),
      Accept: `${writtenMediaType}, application/json`,
    },
    idempotencyKey: options.idempotencyKey ?? (isDry ? undefined : crypto.randomUUID()),
  };
}

export function reading(place: Place, path: string, query: Call["query"] = {}): Call {
  return { kind: "read", method: "GET", path, query, headers: placeHeaders(place) };
}

/** Where the answer to a read is in the log, and in the past. */
export function placeOf(
  headers: Headers,
): Pick<BucketRead, "version" | "position" | "tag" | "past"> {
  const recordedAt = headers.get("X-Recorded-At");
  return {
    version: Number(headers.get("X-Version")),
    position: Number(headers.get("X-Position")),
    tag: (headers.get("ETag") ?? "").replaceAll('"', ""),
    ...(recordedAt !== null && {
      past: {
        recordedAt: Date.parse(recordedAt),
        isFinal: headers.get("Cache-Control")?.includes("immutable") === true,
        latestVersion: Number(headers.get("X-Latest-Version")),
      },
    }),
  };
}

export function writtenOf(body: Omit<z.infer<typeof WrittenBody>, "result">): Written {
  const { version, position, tag, changes, replayed } = body;
  return {
    version,
    position,
    tag,
    changes,
    ignoredFields: body.ignored_fields,
    replayed,
    dryRun: body.dry_run,
  };
}
