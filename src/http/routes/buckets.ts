/** The routes of buckets (CONTRACT: buckets). Each calls the service and maps the answer. */
import { z } from "zod";
import { CreateBucketRequest, PatchBucketRequest } from "../../domain/bucket/document.js";
import { type PatchMediaType, patchMediaTypes } from "../../domain/bucket/patch.js";
import {
  LockBucketRequest,
  RotateSecretRequest,
  UnlockBucketRequest,
} from "../../domain/bucket/requests.js";
import { BucketResponse } from "../../domain/bucket/response.js";
import { RestoreBucketRequest, RevertBucketRequest } from "../../domain/bucket/revert.js";
import { formatTime } from "../../domain/event.js";
import { JsonPatch } from "../../domain/json-patch.js";
import { jsonObject } from "../../domain/schemas.js";
import { TaskResponse } from "../../domain/task.js";
import {
  type BucketRead,
  ListBucketsResponse,
  type OperationResult,
} from "../../service/interface.js";
import { isNotModified, readIfNoneMatch } from "../conditional.js";
import { placeHeaders, setCache } from "../headers.js";
import { addLink, addVersionLinks, negotiatePoint, withQuery } from "../links.js";
import {
  type ApiRequest,
  asOf,
  defineRoute,
  type HttpContext,
  type Route,
  type SentWrite,
} from "../route.js";
import { bodyRefusals, defineOperation, shownOf, writeQuery, writeRefusals } from "../write.js";
import { defineList, ListBucketsRequest } from "./list-body.js";

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
const answersBucket = { query: writeQuery, response: BucketResponse } as const;

const patchesBucket = {
  ...answersBucket,
  path: bucketPath,
  permission: "write",
  needsBody: true,
  refusals: [...writeRefusals, ...bodyRefusals, 409, 423],
  toOperation: ({ params, body, mediaType }: SentWrite) => ({
    type: "patch" as const,
    bucket: bucketOf(params),
    patch: body,
    mediaType: patchMediaTypes.find((known) => known === mediaType),
  }),
} as const;

export const bucketRoutes: readonly Route[] = [
  defineOperation({
    ...answersBucket,
    method: "POST",
    path: base,
    operationId: "createBucket",
    summary: "Create a bucket",
    permission: "write",
    body: { "application/json": CreateBucketRequest },
    needsBody: true,
    refusals: [400, 409, ...bodyRefusals, 422, 507],
    toOperation: ({ body }) => ({ type: "create", body }),
    locate: pathOf,
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listBuckets",
    summary: "List buckets, now or as of a moment: search, filter, sort, page",
    response: ListBucketsResponse,
    request: ListBucketsRequest,
    list: ({ namespace }, query) => namespace.buckets.list(query),
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
      context.set(placeHeaders(read));
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
  defineOperation({
    ...patchesBucket,
    method: "PATCH",
    operationId: "patchBucket",
    summary: "Partially update a bucket",
    body: patchBodies,
  }),
  defineOperation({
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
  }),
  defineAction("unlock", {
    summary: "Make a locked bucket writable again",
    permission: "admin",
    body: UnlockBucketRequest,
  }),
  ...(["archive", "activate", "suspend"] as const).map((move) =>
    defineAction(move, {
      summary: lifecycle[move],
      permission: "admin",
      body: NoFields,
      refusals: [423],
    }),
  ),
  defineOperation({
    method: "DELETE",
    path: bucketPath,
    operationId: "deleteBucket",
    summary: "Delete a bucket; its history goes on",
    permission: "delete",
    query: writeQuery,
    response: TaskResponse,
    refusals: [...writeRefusals, 423],
    toOperation: ({ params }) => ({ type: "delete", bucket: bucketOf(params) }),
  }),
  defineAction("revert", {
    summary: "Put a bucket, or fields of it, back to a version, or take back one event",
    permission: "write",
    body: RevertBucketRequest,
    needsBody: true,
    refusals: [409, 423],
  }),
  defineOperation({
    ...answersBucket,
    method: "POST",
    path: `${bucketPath}/source_adapter/rotate`,
    operationId: "rotateAdapterSecret",
    summary: "Give the source adapter another webhook secret; the old one overlaps",
    permission: "write",
    body: { "application/json": RotateSecretRequest },
    refusals: [...writeRefusals, ...bodyRefusals, 423],
    toOperation: ({ params, body }) => ({ type: "rotate_secret", bucket: bucketOf(params), body }),
  }),
  defineAction("restore", {
    summary: "Bring a deleted bucket back",
    permission: "delete",
    body: RestoreBucketRequest,
    refusals: [409],
  }),
];

type Verb = "lock" | "unlock" | "archive" | "activate" | "suspend" | "revert" | "restore";

/** A verb below a bucket, which answers with the bucket. */
function defineAction(
  verb: Verb,
  action: Pick<Route, "summary" | "permission" | "needsBody"> & {
    readonly body: z.ZodObject;
    readonly refusals?: readonly number[];
  },
): Route {
  return defineOperation({
    ...action,
    ...answersBucket,
    method: "POST",
    path: `${bucketPath}/${verb}`,
    operationId: `${verb}Bucket`,
    body: { "application/json": action.body },
    refusals: [...writeRefusals, ...bodyRefusals, ...(action.refusals ?? [])],
    toOperation: ({ params, body }) => ({ type: verb, bucket: bucketOf(params), body }),
  });
}

/** Whether the answer is about now or the past, and so how long it may be kept. */
export function setTime(
  context: HttpContext,
  { past }: { readonly past?: BucketRead["past"] | undefined },
): void {
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

const BucketShown = z.object({ bucket_id: z.string() });

/** Where the bucket is, whatever it was addressed by and is called now. */
function pathOf(result: OperationResult): string {
  const { bucket_id: id } = BucketShown.parse(shownOf(result));
  return `${base}/${id}`;
}

/** Where others reach the bucket. */
export function bucketUrl(publicUrl: string, bucketId: string): string {
  return `${publicUrl}${base}/${encodeURIComponent(bucketId)}`;
}

/** The id or name in the path. */
export function bucketOf(params: ApiRequest["params"]): string {
  return params["bucket_identifier"] ?? "";
}
