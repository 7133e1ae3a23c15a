/**
 * What all routes that write have in common (CONTRACT: writing with care): the headers and query
 * that say how, and the answer as the caller's preferences want it. Nothing here knows what is written.
 */
import { z } from "zod";
import {
  type OperationResult,
  type ServedCommitOptions,
  type ServedOperation,
  type ServedOperationOptions,
  type ServedWriteOptions,
  type Written,
  WrittenBody,
  writtenMediaType,
} from "../api/index.js";
import { BucketsError } from "../domain/errors.js";
import { readPrecondition } from "./conditional.js";
import {
  acceptsAnything,
  headerLines,
  placeHeaders,
  setCache,
  setJson,
  shortList,
} from "./headers.js";
import { readIdempotencyKey, readPreferences, readTextHeader } from "./preferences.js";
import {
  type ApiRequest,
  defineRoute,
  flag,
  type HttpContext,
  ignoredOf,
  type Route,
  type SentWrite,
} from "./route.js";

/** The query of every write; extend it for a route that takes more. */
export const writeQuery = z.strictObject({
  dry_run: flag.meta({ description: "Check everything, record nothing." }),
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
    readonly locate?: ((written: W) => string) | undefined;
  },
): Route {
  const { write, show, locate, ...route } = definition;
  return defineRoute({
    ...route,
    otherResponses: { [writtenMediaType]: WrittenBody },
    handle: async (request, query) => {
      const { context, basePath } = request;
      const done = await write(request, writeOptions(request, query), query);
      const written = {
        ...done,
        ignoredFields: [...done.ignoredFields, ...ignoredOf(route, context.query)],
      };
      const location = locationHeader(route.method, basePath, locate?.(written));
      const isEmpty = route.successStatus === 204;
      const how = { prefer: context.get("Prefer"), isWhole: wantsWhole(context), isEmpty };
      sendWritten(context, written, answerWrite(written, show(written), location, how));
    },
  });
}

/** A route that writes by one operation: alone when it is requested, or one of a transaction. */
export function defineOperation(
  definition: Omit<Route, "prepare" | "query"> & {
    readonly query: z.ZodObject & z.ZodType<WriteQuery>;
    readonly toOperation: (sent: SentWrite) => ServedOperation;
    readonly locate?: (result: OperationResult) => string;
  },
): Route {
  const { toOperation, locate, ...route } = definition;
  return {
    ...defineWrite({
      ...route,
      locate,
      show: shownOf,
      write: (request, options, query) => {
        const place = route.isOfOrganization === true ? request.organization : request.namespace;
        return place.write({ ...options, ...toOperation({ ...request, query }) }, options);
      },
    }),
    operation: {
      toOperation,
      location: (result, basePath) => locationHeader(route.method, basePath, locate?.(result)),
    },
  };
}

/** What the answer shows of an operation. */
export function shownOf(result: OperationResult): object {
  if ("task" in result) return result.task;
  if ("object" in result) return result.object;
  if ("batch" in result) return result.batch;
  if ("upload" in result) return result.upload;
  if ("sync" in result) return result.sync;
  if ("connection" in result) return result.connection;
  if ("disconnection" in result) return result.disconnection;
  return "deletion" in result ? result.deletion : result.bucket;
}

function locationHeader(method: Route["method"], basePath: string, path: string | undefined) {
  if (path === undefined) return noHeaders;
  return { [method === "POST" ? "Location" : "Content-Location"]: basePath + path };
}

const noHeaders: Readonly<Record<string, string>> = {};

/** The options of a write, from its headers and query. */
export function writeOptions(
  { context, contents, fingerprint, requireIfMatch }: ApiRequest,
  query: WriteQuery,
): ServedWriteOptions {
  return {
    // An empty header is not the same as none: an empty If-Match matches nothing.
    ...operationOptions(
      (name) => (name.toLowerCase() in context.headers ? context.get(name) : undefined),
      requireIfMatch,
    ),
    ...commitOptions(context, fingerprint, query),
    ...(contents !== undefined && { contents }),
  };
}

/** How one operation is meant, by its headers. */
export function operationOptions(
  header: (name: OperationHeader) => string | undefined,
  requireIfMatch: boolean,
): ServedOperationOptions {
  return {
    reason: readTextHeader("X-Reason", header("X-Reason") || undefined),
    precondition: readPrecondition(
      { ifMatch: header("If-Match"), ifNoneMatch: header("If-None-Match") },
      requireIfMatch,
    ),
    strict: readPreferences(header("Prefer")).isStrict,
  };
}

/** The headers that say how one operation is meant. */
export const operationHeaders = ["If-Match", "If-None-Match", "Prefer", "X-Reason"] as const;
type OperationHeader = (typeof operationHeaders)[number];

/** How what is accepted or refused as one is carried out. */
export function commitOptions(
  context: HttpContext,
  fingerprint: () => string,
  query: WriteQuery,
): ServedCommitOptions {
  const idempotencyKey = readIdempotencyKey(headerLines(context, "idempotency-key"));
  return {
    idempotencyKey,
    fingerprint: idempotencyKey === undefined ? undefined : fingerprint(),
    dryRun: query.dry_run === "true",
  };
}

export interface WriteAnswer {
  readonly status: 200 | 204;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  /** `application/json` unless given. */
  readonly mediaType?: string;
}

/** How a caller wants a write answered. */
interface AnswerForm {
  readonly prefer: string;
  /** All that the library tells, instead of the contract's body. */
  readonly isWhole: boolean;
  /** The contract answers with nothing but headers. */
  readonly isEmpty: boolean;
}

/** True for a caller who accepts the whole answer before the contract's. */
export function wantsWhole(context: HttpContext): boolean {
  if (acceptsAnything(context)) return false;
  return context.accepts("application/json", writtenMediaType) === writtenMediaType;
}

/** The answer to a write, as its media type and preferences want it. */
export function answerWrite(
  written: Written,
  result: object,
  location: Readonly<Record<string, string>>,
  { prefer, isWhole, isEmpty }: AnswerForm,
): WriteAnswer {
  const { dryRun, changes } = written;
  // What would be is always shown, and so is what was asked for by its type.
  const preferences = readPreferences(prefer, dryRun || isWhole);
  const headers = {
    ...(preferences.applied !== "" && { "Preference-Applied": preferences.applied }),
    ...ignoredFieldsHeader(written.ignoredFields),
  };
  const placed = dryRun ? headers : { ...headers, ...placeHeaders(written), ...location };
  if (isWhole) {
    const body = wholeBody(written, result);
    return { status: 200, headers: placed, body, mediaType: writtenMediaType };
  }
  if (dryRun) return { status: 200, headers, body: { dry_run: true, changes, result } };
  if (preferences.isMinimal || isEmpty) return { status: 204, headers: placed };
  return { status: 200, headers: placed, body: result };
}

export function sendWritten(
  context: HttpContext,
  { replayed }: Written,
  answer: WriteAnswer,
): void {
  context.set(answer.headers);
  setCache(context, "none");
  if (replayed) context.set("Idempotency-Replayed", "true");
  context.status = answer.status;
  if (answer.body === undefined) return;
  const text = JSON.stringify(answer.body);
  if (answer.mediaType === undefined) {
    setJson(context, text);
  } else {
    context.type = answer.mediaType;
    context.body = text;
  }
}

export function wholeBody(written: Written, result: object): object {
  const { version, position, tag, changes, ignoredFields, replayed, dryRun } = written;
  return {
    version,
    position,
    tag,
    changes,
    ignored_fields: ignoredFields,
    replayed,
    dry_run: dryRun,
    result,
  };
}

/** A condition that nothing heeds would be taken for one that holds. */
export function assertUnconditional(context: HttpContext): void {
  const name = ["If-Match", "If-None-Match"].find((header) => context.get(header) !== "");
  if (name === undefined) return;
  throw new BucketsError(
    "BAD_REQUEST",
    `What is written here has no version of its own: leave ${name} out.`,
  );
}

/** Says which fields of the request were ignored, if any were. */
export function setIgnoredFields(context: HttpContext, names: readonly string[]): void {
  context.set(ignoredFieldsHeader(names));
}

function ignoredFieldsHeader(names: readonly string[]): Readonly<Record<string, string>> {
  return names.length > 0 ? { "X-Ignored-Fields": shortList(names) } : noHeaders;
}
