/** The routes of buckets (CONTRACT: buckets). Each calls the service and maps the answer. */
import { z } from "zod";
import {
  type BucketRead,
  type CurrentBucket,
  ListBucketsResponse,
  type OperationResult,
  type ServedNamespace,
} from "../../api/index.js";
import { CreateBucketRequest, PatchBucketRequest } from "../../domain/bucket/document.js";
import {
  LockBucketRequest,
  RotateSecretRequest,
  UnlockBucketRequest,
} from "../../domain/bucket/requests.js";
import { BucketResponse } from "../../domain/bucket/response.js";
import { RestoreBucketRequest } from "../../domain/bucket/revert.js";
import type { JsonValue } from "../../domain/json.js";
import { JsonPatch } from "../../domain/json-patch.js";
import { type PatchMediaType, patchMediaTypes } from "../../domain/patch-media-type.js";
import { RevertRequest } from "../../domain/revert.js";
import { jsonObject } from "../../domain/schemas.js";
import { TaskResponse } from "../../domain/task.js";
import { readCondition, readConditions } from "../conditional.js";
import { addLink, addVersionLinks, negotiatePoint, withQuery } from "../links.js";
import { sendText, setTime } from "../read.js";
import {
  type ApiRequest,
  asOf,
  defineRoute,
  ignoredParameter,
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

const patchExamples = {
  "application/json": { description: "Launch films, Q4", metadata: { team: "growth" } },
  "application/merge-patch+json": { description: "Launch films, Q4", metadata: { budget: 12_000 } },
  "application/json-patch+json": [
    { op: "add", path: "/description", value: "Launch films, Q4" },
    { op: "add", path: "/metadata/budget", value: 12_000 },
  ],
} as const satisfies Record<PatchMediaType, JsonValue>;

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

/** The read of one, which is the read that is asked for most. */
export const bucketRoute: Route = defineRoute({
  method: "GET",
  path: bucketPath,
  operationId: "getBucket",
  summary: "Read a bucket, now or as of a point in the past",
  permission: "read",
  headers: ["Accept-Datetime", ...readConditions],
  query: z.strictObject({ as_of: asOf }),
  response: BucketResponse,
  refusals: [400, 404, 412],
  handle: async ({ context, store, namespace, params, publicUrl }, query) => {
    context.vary("Accept-Datetime");
    const condition = readCondition(context);
    const negotiated = query.as_of === undefined ? await negotiatePoint(context, store) : undefined;
    const bucket = bucketOf(params);
    const read = await readBucket(namespace, bucket, query.as_of ?? negotiated);
    const url = bucketUrl(publicUrl, read.bucketId);
    // The resource is its own timegate, and answers with the memento itself (RFC 7089, pattern 1.2).
    addLink(context, url, "original timegate");
    addVersionLinks(context, url, read.version, read.past?.latestVersion);
    if (negotiated !== undefined) {
      context.set("Content-Location", withQuery(url, { as_of: negotiated }));
    }
    setTime(context, read);
    sendText(context, condition, read, read.text);
  },
});

export const bucketRoutes: readonly Route[] = [
  defineOperation({
    ...answersBucket,
    method: "POST",
    path: base,
    operationId: "createBucket",
    summary: "Create a bucket",
    permission: "write",
    body: { "application/json": CreateBucketRequest },
    examples: {
      "application/json": {
        bucket_name: "launch-films",
        description: "Films of product launches, one object per cut",
        bucket_schema: {
          properties: { title: { type: "string", required: true }, video: { type: "video" } },
        },
        unique_key: { fields: ["title"], default_policy: "upsert" },
        metadata: { team: "studio" },
      },
    },
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
  bucketRoute,
  defineOperation({
    ...patchesBucket,
    method: "PATCH",
    operationId: "patchBucket",
    summary: "Partially update a bucket",
    body: patchBodies,
    examples: patchExamples,
  }),
  defineOperation({
    ...patchesBucket,
    method: "PUT",
    operationId: "putBucket",
    summary: "Partially update a bucket (the same as PATCH with application/json)",
    body: { "application/json": patchBodies["application/json"] },
    examples: { "application/json": patchExamples["application/json"] },
    locate: pathOf,
  }),
  defineAction("lock", {
    summary: "Make a bucket read-only",
    permission: "admin",
    body: LockBucketRequest,
    example: { reason: "audit of the year" },
    refusals: [423],
  }),
  defineAction("unlock", {
    summary: "Make a locked bucket writable again",
    permission: "admin",
    body: UnlockBucketRequest,
    example: { reason: "the audit is done" },
  }),
  ...(["archive", "activate", "suspend"] as const).map((move) =>
    defineAction(move, {
      summary: lifecycle[move],
      permission: "admin",
      body: NoFields,
      example: {},
      refusals: [423],
    }),
  ),
  defineOperation({
    method: "DELETE",
    path: bucketPath,
    operationId: "deleteBucket",
    summary: "Delete a bucket; its history goes on",
    permission: "delete",
    query: writeQuery.extend({ cascade: ignoredParameter }),
    response: TaskResponse,
    refusals: [...writeRefusals, 423],
    toOperation: ({ params }) => ({ type: "delete", bucket: bucketOf(params) }),
  }),
  defineAction("revert", {
    summary: "Put a bucket, or fields of it, back to a version, or take back one event",
    permission: "write",
    body: RevertRequest,
    example: { to: 1, fields: ["/description"] },
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
    examples: { "application/json": { overlap_seconds: 3_600 } },
    refusals: [...writeRefusals, ...bodyRefusals, 423],
    toOperation: ({ params, body }) => ({ type: "rotate_secret", bucket: bucketOf(params), body }),
  }),
  defineAction("restore", {
    summary: "Bring a deleted bucket back",
    permission: "delete",
    body: RestoreBucketRequest,
    example: {},
    refusals: [409],
  }),
];

/** As it is now, where no point is asked about, and so perhaps ready to be sent. */
async function readBucket(
  namespace: ServedNamespace,
  identifier: string,
  asOf: string | undefined,
): Promise<CurrentBucket & Pick<BucketRead, "past">> {
  if (asOf === undefined) return await namespace.currentBucket(identifier);
  const { bucket, ...place } = await namespace.buckets.get(identifier, { asOf });
  return { ...place, bucketId: bucket.bucket_id, text: JSON.stringify(bucket) };
}

type Verb = "lock" | "unlock" | "archive" | "activate" | "suspend" | "revert" | "restore";

/** A verb below a bucket, which answers with the bucket. */
function defineAction(
  verb: Verb,
  {
    body,
    example,
    ...action
  }: Pick<Route, "summary" | "permission" | "needsBody"> & {
    readonly body: z.ZodObject;
    readonly example: JsonValue;
    readonly refusals?: readonly number[];
  },
): Route {
  return defineOperation({
    ...action,
    ...answersBucket,
    method: "POST",
    path: `${bucketPath}/${verb}`,
    operationId: `${verb}Bucket`,
    body: { "application/json": body },
    examples: { "application/json": example },
    refusals: [...writeRefusals, ...bodyRefusals, ...(action.refusals ?? [])],
    toOperation: ({ params, body }) => ({ type: verb, bucket: bucketOf(params), body }),
  });
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
