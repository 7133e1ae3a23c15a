/** The routes of buckets (CONTRACT: buckets). Each calls the service and maps the answer. */
import { z } from "zod";
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
import { formatTime } from "../../domain/event.js";
import type { JsonValue } from "../../domain/json.js";
import { JsonPatch } from "../../domain/json-patch.js";
import { jsonObject } from "../../domain/schemas.js";
import { TaskResponse } from "../../domain/task.js";
import {
  type BucketRead,
  type Buckets,
  type BucketWritten,
  ListBucketsResponse,
  type ServedWriteOptions,
} from "../../service/interface.js";
import { isNotModified, readIfNoneMatch } from "../conditional.js";
import { setCache, setPlace } from "../headers.js";
import { addLink, addVersionLinks, negotiatePoint, withQuery } from "../links.js";
import { readPreferences } from "../preferences.js";
import {
  type ApiRequest,
  asOf,
  defineRoute,
  type HttpContext,
  noQuery,
  type Route,
} from "../route.js";
import {
  bodyRefusals,
  defineWrite,
  setIgnoredFields,
  writeQuery,
  writeRefusals,
} from "../write.js";
import { ListBucketsRequest, readListQuery } from "./list-body.js";

const base = "/v1/buckets";

/** Of one bucket; `bucketOf` reads which. */
export const bucketPath = `${base}/{bucket_identifier}`;

const NoFields = z.object({});

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

/** What all writes share that are answered with the bucket. */
const answersBucket = {
  query: writeQuery,
  response: BucketResponse,
  show: ({ bucket }: BucketWritten) => bucket,
} as const;

const patchesBucket = {
  ...answersBucket,
  path: bucketPath,
  permission: "write",
  needsBody: true,
  refusals: [...writeRefusals, ...bodyRefusals, 409, 423],
  write: ({ namespace, params, body, mediaType }: ApiRequest, options: ServedWriteOptions) =>
    namespace.buckets.patch(bucketOf(params), body, {
      ...options,
      mediaType: patchMediaTypes.find((known) => known === mediaType),
    }),
} as const;

export const bucketRoutes: readonly Route[] = [
  defineWrite({
    ...answersBucket,
    method: "POST",
    path: base,
    operationId: "createBucket",
    summary: "Create a bucket",
    permission: "write",
    body: { "application/json": CreateBucketRequest },
    needsBody: true,
    refusals: [400, 409, ...bodyRefusals, 422, 507],
    write: ({ namespace, body }, options) => namespace.buckets.create(body, options),
    locate: pathOf,
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
    path: bucketPath,
    operationId: "getBucket",
    summary: "Read a bucket, now or as of a point in the past",
    permission: "read",
    headers: ["Accept-Datetime", "If-None-Match"],
    query: z.strictObject({ as_of: asOf }),
    response: BucketResponse,
    refusals: [400, 404],
    handle: async ({ context, store, namespace, params, publicUrl }, query) => {
      context.vary("Accept-Datetime");
      const ifNoneMatch = readIfNoneMatch(context.get("If-None-Match") || undefined);
      const negotiated =
        query.as_of === undefined ? await negotiatePoint(context, store) : undefined;
      const read = await namespace.buckets.get(bucketOf(params), {
        asOf: query.as_of ?? negotiated,
      });
      const url = bucketUrl(publicUrl, read.bucket.bucket_id);
      setPlace(context, read);
      setTime(context, read);
      // The resource is its own timegate, and answers with the memento itself (RFC 7089, pattern 1.2).
      addLink(context, url, "original timegate");
      addVersionLinks(context, url, read.version, read.past?.latestVersion);
      if (negotiated !== undefined) {
        context.set("Content-Location", withQuery(url, { as_of: negotiated }));
      }
      if (isNotModified(ifNoneMatch, read.tag)) {
        context.status = 304;
        return;
      }
      context.body = read.bucket;
    },
  }),
  defineWrite({
    ...patchesBucket,
    method: "PATCH",
    operationId: "patchBucket",
    summary: "Partially update a bucket",
    body: patchBodies,
  }),
  defineWrite({
    ...patchesBucket,
    method: "PUT",
    operationId: "putBucket",
    summary: "Partially update a bucket (the same as PATCH with application/json)",
    body: { "application/json": patchBodies["application/json"] },
    locate: pathOf,
  }),
  defineAction("lock", {
    summary: "Make a bucket read-only",
    permission: "admin",
    body: LockBucketRequest,
    refusals: [423],
    write: (buckets, bucket, body, options) => buckets.lock(bucket, body, options),
  }),
  defineAction("unlock", {
    summary: "Make a locked bucket writable again",
    permission: "admin",
    body: UnlockBucketRequest,
    write: (buckets, bucket, body, options) => buckets.unlock(bucket, body, options),
  }),
  ...(["archive", "activate", "suspend"] as const).map((move) =>
    defineAction(move, {
      summary: lifecycle[move],
      permission: "admin",
      body: NoFields,
      refusals: [423],
      write: async (buckets, bucket, body, options) => {
        const ignoredFields = checkFields(strayFields(body, NoFields), options.strict === true);
        return { ...(await buckets[move](bucket, options)), ignoredFields };
      },
    }),
  ),
  defineWrite({
    method: "DELETE",
    path: bucketPath,
    operationId: "deleteBucket",
    summary: "Delete a bucket; its history goes on",
    permission: "delete",
    query: writeQuery,
    response: TaskResponse,
    refusals: [...writeRefusals, 423],
    write: ({ namespace, params }, options) => namespace.buckets.delete(bucketOf(params), options),
    show: ({ task }) => task,
  }),
  defineAction("revert", {
    summary: "Put a bucket, or fields of it, back to a version, or take back one event",
    permission: "write",
    body: RevertBucketRequest,
    needsBody: true,
    refusals: [409, 423],
    write: (buckets, bucket, body, options) => buckets.revert(bucket, body, options),
  }),
  defineAction("restore", {
    summary: "Bring a deleted bucket back",
    permission: "delete",
    body: RestoreBucketRequest,
    refusals: [409],
    write: (buckets, bucket, body, options) => buckets.restore(bucket, body, options),
  }),
];

/** A verb below a bucket, which answers with the bucket. */
function defineAction(
  verb: string,
  action: Pick<Route, "summary" | "permission" | "needsBody"> & {
    readonly body: z.ZodObject;
    readonly refusals?: readonly number[];
    readonly write: (
      buckets: Buckets<ServedWriteOptions>,
      bucket: string,
      body: JsonValue,
      options: ServedWriteOptions,
    ) => Promise<BucketWritten>;
  },
): Route {
  return defineWrite({
    ...action,
    ...answersBucket,
    method: "POST",
    path: `${bucketPath}/${verb}`,
    operationId: `${verb}Bucket`,
    body: { "application/json": action.body },
    refusals: [...writeRefusals, ...bodyRefusals, ...(action.refusals ?? [])],
    write: ({ namespace, params, body }, options) =>
      action.write(namespace.buckets, bucketOf(params), body ?? {}, options),
  });
}

/** Whether the answer is about now or the past, and so how long it may be kept. */
function setTime(context: HttpContext, { past }: BucketRead): void {
  if (past === undefined) {
    context.set("Accept-Patch", patchMediaTypes.join(", "));
    setCache(context, "current");
  } else {
    context.set("Memento-Datetime", new Date(past.recordedAt).toUTCString());
    // The standard's own header knows whole seconds only.
    context.set("X-Recorded-At", formatTime(past.recordedAt));
    context.set("X-Latest-Version", String(past.latestVersion));
    setCache(context, past.isFinal ? "final" : "none");
  }
}

/** Where the bucket is, whatever it was addressed by and is called now. */
function pathOf({ bucket }: BucketWritten): string {
  return `${base}/${bucket.bucket_id}`;
}

/** Where others reach the bucket. */
export function bucketUrl(publicUrl: string, bucketId: string): string {
  return `${publicUrl}${base}/${encodeURIComponent(bucketId)}`;
}

/** The id or name in the path. */
export function bucketOf(params: ApiRequest["params"]): string {
  return params["bucket_identifier"] ?? "";
}
