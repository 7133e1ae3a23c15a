/**
 * What all routes that write have in common (CONTRACT: writing with care): the headers and query
 * that say how, and the answer as the caller's preferences want it. Nothing here knows what is written.
 */
import { z } from "zod";
import {
  type ServedWriteOptions,
  type Written,
  WrittenBody,
  writtenMediaType,
} from "../service/interface.js";
import { readPrecondition } from "./conditional.js";
import { headerLines, setCache, setPlace } from "./headers.js";
import { readIdempotencyKey, readPreferences, readTextHeader } from "./preferences.js";
import { type ApiRequest, defineRoute, type HttpContext, type Route } from "./route.js";

/** The query of every write; extend it for a route that takes more. */
export const writeQuery = z.strictObject({
  dry_run: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "Check everything, record nothing." }),
});
type WriteQuery = z.infer<typeof writeQuery>;

/** What every write to something that exists may be refused with; one with a body adds those of it. */
export const writeRefusals = [400, 404, 412, 422, 428, 507] as const;

/** What a body may be refused with before it is understood. */
export const bodyRefusals = [413, 415] as const;

/** A route whose handler writes: what it is to do is read for it, and what it did is answered. */
export function defineWrite<Query extends z.ZodObject & z.ZodType<WriteQuery>, W extends Written>(
  definition: Omit<Route, "prepare" | "query"> & {
    readonly query: Query;
    readonly write: (
      request: ApiRequest,
      options: ServedWriteOptions,
      query: z.infer<Query>,
    ) => Promise<W>;
    /** What the answer shows of what was written. */
    readonly show: (written: W) => object;
    /** The path of what was written, whatever it was addressed by; for POST and PUT. */
    readonly locate?: (written: W) => string;
  },
): Route {
  const { write, show, locate, ...route } = definition;
  const locationHeader = route.method === "POST" ? "Location" : "Content-Location";
  return defineRoute({
    ...route,
    otherResponses: { [writtenMediaType]: WrittenBody },
    handle: async (request, query) => {
      const written = await write(request, writeOptions(request, query), query);
      if (locate !== undefined && !written.dryRun) {
        request.context.set(locationHeader, request.basePath + locate(written));
      }
      sendWritten(request, written, show(written));
    },
  });
}

/** The options of a write, from its headers and query. */
function writeOptions(
  { context, fingerprint, requireIfMatch }: ApiRequest,
  query: WriteQuery,
): ServedWriteOptions {
  const { headers } = context;
  const idempotencyKey = readIdempotencyKey(headerLines(context, "idempotency-key"));
  return {
    reason: readTextHeader("X-Reason", context.get("X-Reason") || undefined),
    precondition: readPrecondition(
      { ifMatch: headers["if-match"], ifNoneMatch: headers["if-none-match"] },
      requireIfMatch,
    ),
    idempotencyKey,
    fingerprint: idempotencyKey === undefined ? undefined : fingerprint(),
    dryRun: query.dry_run === "true",
    strict: readPreferences(context.get("Prefer")).isStrict,
  };
}

/** The answer to a write, as its media type and preferences want it. */
function sendWritten({ context }: ApiRequest, written: Written, result: object): void {
  const isWhole = context.accepts("application/json", writtenMediaType) === writtenMediaType;
  // What would be is always shown, and so is what was asked for by its type.
  const preferences = readPreferences(context.get("Prefer"), written.dryRun || isWhole);
  if (preferences.applied !== "") context.set("Preference-Applied", preferences.applied);
  setIgnoredFields(context, written.ignoredFields);
  setCache(context, "none");
  if (!written.dryRun) setPlace(context, written);
  if (written.replayed) context.set("Idempotency-Replayed", "true");
  if (isWhole) {
    context.body = JSON.stringify(wholeBody(written, result));
    context.type = writtenMediaType;
  } else if (written.dryRun) {
    context.body = { dry_run: true, changes: written.changes, result };
  } else if (preferences.isMinimal) {
    context.status = 204;
  } else {
    context.body = result;
  }
}

function wholeBody(
  { version, position, tag, changes, replayed, ...rest }: Written,
  result: object,
) {
  return {
    version,
    position,
    tag,
    changes,
    ignored_fields: rest.ignoredFields,
    replayed,
    dry_run: rest.dryRun,
    result,
  };
}

/** Says which fields of the request were ignored, if any were. */
export function setIgnoredFields(context: HttpContext, names: readonly string[]): void {
  if (names.length > 0) context.set("X-Ignored-Fields", shortList(names));
}

const namesMax = 50;
const nameLengthMax = 100;

/** Names that fit a header: percent-encoded where not plain, long ones cut, many counted. */
function shortList(names: readonly string[]): string {
  const shown = names
    .slice(0, namesMax)
    .map((name) => encodeURIComponent(name).slice(0, nameLengthMax));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")}, and ${more} more` : shown.join(", ");
}
