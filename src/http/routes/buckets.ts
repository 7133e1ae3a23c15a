/** The routes of buckets (CONTRACT: buckets, history and time). Each calls the service and maps the answer. */
import { Readable } from "node:stream";
import { z } from "zod";
import { BlameResponse } from "../../domain/blame.js";
import { CreateBucketRequest, PatchBucketRequest } from "../../domain/bucket/document.js";
import { type PatchMediaType, patchMediaTypes, requireObject } from "../../domain/bucket/patch.js";
import {
  checkFields,
  LockBucketRequest,
  strayFields,
  UnlockBucketRequest,
} from "../../domain/bucket/requests.js";
import { BucketResponse } from "../../domain/bucket/response.js";
import { RestoreBucketRequest, RevertBucketRequest } from "../../domain/bucket/revert.js";
import { type DiffFormat, DiffResponse, diffFormats } from "../../domain/diff-formats.js";
import { BucketsError } from "../../domain/errors.js";
import { formatTime } from "../../domain/event.js";
import { HistoryEntry } from "../../domain/history.js";
import { JsonPatch } from "../../domain/json-patch.js";
import { limits } from "../../domain/limits.js";
import { jsonObject } from "../../domain/schemas.js";
import { TaskResponse } from "../../domain/task.js";
import {
  type BucketWritten,
  HistoryResponse,
  ListBucketsResponse,
  type ServedWriteOptions,
  type Written,
  WrittenBody,
  writtenMediaType,
} from "../../service/interface.js";
import { isNotModified, readIfNoneMatch, readPrecondition } from "../conditional.js";
import { headerLines, setCache, setPlace } from "../headers.js";
import { readIdempotencyKey, readPreferences, readTextHeader } from "../preferences.js";
import { type ApiRequest, defineRoute, type HttpContext, noQuery, type Route } from "../route.js";
import { ListBucketsRequest, readListQuery } from "./list-body.js";

const base = "/v1/buckets";
const one = `${base}/{bucket_identifier}`;

const writeQuery = z.strictObject({
  dry_run: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "Check everything, record nothing." }),
});

const whole = { [writtenMediaType]: WrittenBody };

const asOf = z
  .string()
  .optional()
  .meta({ description: "A version (7), a position (@1234) or an RFC 3339 time with offset." });

const page = {
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
  cursor: z.string().optional(),
};

const NoFields = z.object({});

const diffTypes = {
  "json-patch": "application/json-patch+json",
  "merge-patch": "application/merge-patch+json",
  fields: "application/json",
} as const satisfies Record<DiffFormat, string>;

const lifecycle = {
  archive: "Archive a bucket: it takes no object writes",
  activate: "Make an archived or suspended bucket active again",
  suspend: "Suspend a bucket: it takes no writes at all",
} as const;

const patchBodies = {
  "application/json": PatchBucketRequest,
  "application/merge-patch+json": jsonObject,
  "application/json-patch+json": JsonPatch,
} as const satisfies Record<PatchMediaType, z.ZodType>;

export const bucketRoutes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: base,
    operationId: "createBucket",
    summary: "Create a bucket",
    permission: "write",
    query: writeQuery,
    otherResponses: whole,
    body: { "application/json": CreateBucketRequest },
    needsBody: true,
    response: BucketResponse,
    refusals: [400, 409, 413, 415, 422, 507],
    handle: async (request, query) => {
      const options = writeOptions(request, query);
      const written = await request.namespace.buckets.create(request.body, options);
      if (!written.dryRun) {
        request.context.set("Location", pathOf(request, written));
      }
      sendWritten(request, written);
    },
  }),
  defineRoute({
    method: "POST",
    path: `${base}/list`,
    operationId: "listBuckets",
    summary: "List buckets: search, filter, sort, page",
    permission: "read",
    query: noQuery,
    body: { "application/json": ListBucketsRequest },
    response: ListBucketsResponse,
    refusals: [400, 413, 415, 422],
    handle: async ({ context, namespace, body }) => {
      const { isStrict, applied } = readPreferences(context.get("Prefer"), true);
      if (applied !== "") context.set("Preference-Applied", applied);
      const json = requireObject(body ?? {});
      const query = readListQuery(json);
      const ignored = checkFields(strayFields(json, ListBucketsRequest), isStrict);
      context.body = await namespace.buckets.list(query);
      setIgnoredFields(context, ignored);
      setCache(context, "current");
    },
  }),
  defineRoute({
    method: "GET",
    path: one,
    operationId: "getBucket",
    summary: "Read a bucket, now or as of a point in the past",
    permission: "read",
    query: z.strictObject({ as_of: asOf }),
    response: BucketResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      const ifNoneMatch = readIfNoneMatch(context.get("If-None-Match") || undefined);
      const read = await namespace.buckets.get(identifier(params), { asOf: query.as_of });
      setPlace(context, read);
      if (read.past === undefined) {
        context.set("Accept-Patch", patchMediaTypes.join(", "));
        setCache(context, "current");
      } else {
        context.set("Memento-Datetime", new Date(read.past.recordedAt).toUTCString());
        // The standard's own header knows whole seconds only.
        context.set("X-Recorded-At", formatTime(read.past.recordedAt));
        setCache(context, read.past.isFinal ? "final" : "none");
      }
      if (isNotModified(ifNoneMatch, read.tag)) {
        context.status = 304;
        return;
      }
      context.body = read.bucket;
    },
  }),
  ...(["PATCH", "PUT"] as const).map((method) =>
    defineRoute({
      method,
      path: one,
      operationId: method === "PATCH" ? "patchBucket" : "putBucket",
      summary:
        method === "PATCH"
          ? "Partially update a bucket"
          : "Partially update a bucket (the same as PATCH with application/json)",
      permission: "write",
      query: writeQuery,
      otherResponses: whole,
      body:
        method === "PATCH" ? patchBodies : { "application/json": patchBodies["application/json"] },
      needsBody: true,
      response: BucketResponse,
      refusals: [400, 404, 409, 412, 413, 415, 422, 423, 428, 507],
      handle: async (request, query) => {
        const written = await request.namespace.buckets.patch(
          identifier(request.params),
          request.body,
          { ...writeOptions(request, query), mediaType: patchMediaType(request.mediaType) },
        );
        if (method === "PUT" && !written.dryRun) {
          request.context.set("Content-Location", pathOf(request, written));
        }
        sendWritten(request, written);
      },
    }),
  ),
  defineRoute({
    method: "POST",
    path: `${one}/lock`,
    operationId: "lockBucket",
    summary: "Make a bucket read-only",
    permission: "admin",
    query: writeQuery,
    otherResponses: whole,
    body: { "application/json": LockBucketRequest },
    response: BucketResponse,
    refusals: [400, 404, 412, 413, 415, 422, 423, 428, 507],
    handle: async (request, query) => {
      const { namespace, params, body } = request;
      const options = writeOptions(request, query);
      sendWritten(request, await namespace.buckets.lock(identifier(params), body ?? {}, options));
    },
  }),
  defineRoute({
    method: "POST",
    path: `${one}/unlock`,
    operationId: "unlockBucket",
    summary: "Make a locked bucket writable again",
    permission: "admin",
    query: writeQuery,
    otherResponses: whole,
    body: { "application/json": UnlockBucketRequest },
    response: BucketResponse,
    refusals: [400, 404, 412, 413, 415, 422, 428, 507],
    handle: async (request, query) => {
      const { namespace, params, body } = request;
      const options = writeOptions(request, query);
      sendWritten(request, await namespace.buckets.unlock(identifier(params), body ?? {}, options));
    },
  }),
  ...(["archive", "activate", "suspend"] as const).map((move) =>
    defineRoute({
      method: "POST",
      path: `${one}/${move}`,
      operationId: `${move}Bucket`,
      summary: lifecycle[move],
      permission: "admin",
      query: writeQuery,
      otherResponses: whole,
      body: { "application/json": NoFields },
      response: BucketResponse,
      refusals: [400, 404, 412, 413, 415, 422, 423, 428, 507],
      handle: async (request, query) => {
        const { namespace, params, body } = request;
        const options = writeOptions(request, query);
        const stray = strayFields(body ?? {}, NoFields);
        const ignoredFields = checkFields(stray, options.strict === true);
        const written = await namespace.buckets[move](identifier(params), options);
        sendWritten(request, { ...written, ignoredFields });
      },
    }),
  ),
  defineRoute({
    method: "DELETE",
    path: one,
    operationId: "deleteBucket",
    summary: "Delete a bucket; its history goes on",
    permission: "delete",
    query: writeQuery,
    otherResponses: whole,
    response: TaskResponse,
    refusals: [400, 404, 412, 422, 423, 428, 507],
    handle: async (request, query) => {
      const { namespace, params } = request;
      const options = writeOptions(request, query);
      const { task, ...written } = await namespace.buckets.delete(identifier(params), options);
      sendResult(request, written, task);
    },
  }),
  defineRoute({
    method: "GET",
    path: `${one}/history`,
    operationId: "getBucketHistory",
    summary: "Every event of a bucket",
    permission: "read",
    query: z.strictObject({
      order: z.enum(["asc", "desc"]).optional(),
      from: asOf,
      to: asOf,
      type: z.string().optional().meta({ description: "Such as bucket.patched." }),
      actor: z.string().optional(),
      path: z.string().optional().meta({ description: "A JSON Pointer, such as /metadata." }),
      ...page,
    }),
    response: HistoryResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = await namespace.buckets.history(identifier(params), query);
    },
  }),
  defineRoute({
    method: "GET",
    path: `${one}/history/{version}`,
    operationId: "getBucketHistoryEntry",
    summary: "One event of a bucket",
    permission: "read",
    query: noQuery,
    response: HistoryEntry,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }) => {
      const entry = await namespace.buckets.entry(identifier(params), versionOf(params));
      setCache(context, "final");
      context.body = entry;
    },
  }),
  defineRoute({
    method: "GET",
    path: `${one}/diff`,
    operationId: "diffBucket",
    summary: "What changed between two points",
    permission: "read",
    query: z.strictObject({ from: asOf, to: asOf, format: z.enum(diffFormats).optional() }),
    response: DiffResponse,
    responseTypes: Object.values(diffTypes),
    refusals: [400, 404, 422],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = JSON.stringify(await namespace.buckets.diff(identifier(params), query));
      context.type = diffTypes[query.format ?? "json-patch"];
    },
  }),
  defineRoute({
    method: "GET",
    path: `${one}/blame`,
    operationId: "blameBucket",
    summary: "The event that last set each field",
    permission: "read",
    query: z.strictObject({
      path: z.string().optional().meta({ description: "A JSON Pointer, such as /metadata." }),
    }),
    response: BlameResponse,
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      setCache(context, "current");
      context.body = await namespace.buckets.blame(identifier(params), query);
    },
  }),
  defineRoute({
    method: "POST",
    path: `${one}/revert`,
    operationId: "revertBucket",
    summary: "Put a bucket, or fields of it, back to a version, or take back one event",
    permission: "write",
    query: writeQuery,
    otherResponses: whole,
    body: { "application/json": RevertBucketRequest },
    needsBody: true,
    response: BucketResponse,
    refusals: [400, 404, 409, 412, 413, 415, 422, 423, 428, 507],
    handle: async (request, query) => {
      const { namespace, params, body } = request;
      const options = writeOptions(request, query);
      sendWritten(request, await namespace.buckets.revert(identifier(params), body, options));
    },
  }),
  defineRoute({
    method: "POST",
    path: `${one}/restore`,
    operationId: "restoreBucket",
    summary: "Bring a deleted bucket back",
    permission: "delete",
    query: writeQuery,
    otherResponses: whole,
    body: { "application/json": RestoreBucketRequest },
    response: BucketResponse,
    refusals: [400, 404, 409, 412, 413, 415, 422, 428, 507],
    handle: async (request, query) => {
      const { namespace, params, body } = request;
      const options = writeOptions(request, query);
      sendWritten(
        request,
        await namespace.buckets.restore(identifier(params), body ?? {}, options),
      );
    },
  }),
  defineRoute({
    method: "GET",
    path: `${one}/replay`,
    operationId: "replayBucket",
    summary: "Fold a bucket anew from the log, event by event",
    permission: "read",
    query: z.strictObject({ from: asOf, to: asOf }),
    response: z.string(),
    responseTypes: ["application/x-ndjson"],
    refusals: [400, 404],
    handle: async ({ context, namespace, params }, query) => {
      const lines = namespace.buckets.replay(identifier(params), query)[Symbol.asyncIterator]();
      // The first line is awaited here, so that a refusal still gets its status.
      const first = await lines.next();
      setCache(context, "none");
      context.type = "application/x-ndjson";
      context.body = Readable.from(toNdjson(first, lines));
    },
  }),
];

/** Where the bucket is, whatever it was addressed by and is called now. */
function pathOf({ basePath }: ApiRequest, { bucket }: BucketWritten): string {
  return `${basePath}${base}/${bucket.bucket_id}`;
}

function identifier(params: ApiRequest["params"]): string {
  return params["bucket_identifier"] ?? "";
}

/** @throws BAD_REQUEST for what is no version. */
function versionOf(params: ApiRequest["params"]): number {
  const text = params["version"] ?? "";
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new BucketsError("BAD_REQUEST", `"${text}" is no version: versions count from 1.`);
}

function patchMediaType(mediaType: string): PatchMediaType {
  return patchMediaTypes.find((known) => known === mediaType) ?? "application/json";
}

/** The options of a write, from its headers and query (CONTRACT: writing with care). */
function writeOptions(
  { context, fingerprint, requireIfMatch }: ApiRequest,
  query: { readonly dry_run?: "true" | "false" | undefined },
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

function sendWritten(request: ApiRequest, written: BucketWritten): void {
  sendResult(request, written, written.bucket);
}

/** The answer to a write, as its media type and preferences want it. */
function sendResult({ context }: ApiRequest, written: Written, result: object): void {
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

function setIgnoredFields(context: HttpContext, names: readonly string[]): void {
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

async function* toNdjson<T>(
  first: IteratorResult<T>,
  rest: AsyncIterator<T>,
): AsyncIterable<string> {
  for (let line = first; line.done !== true; line = await rest.next()) {
    yield `${JSON.stringify(line.value)}\n`;
  }
}
