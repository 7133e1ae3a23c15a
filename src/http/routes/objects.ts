/** The routes of objects (CONTRACT: objects, history and time). Each calls the service and maps the answer. */
import { z } from "zod";
import { AggregateResponse } from "../../domain/aggregate/aggregate.js";
import { AggregateRequest } from "../../domain/aggregate/request.js";
import { policies } from "../../domain/bucket/bucket-schema.js";
import { type PatchMediaType, patchMediaTypes, requireObject } from "../../domain/bucket/patch.js";
import { checkFields, strayFields } from "../../domain/bucket/requests.js";
import { RevertBucketRequest } from "../../domain/bucket/revert.js";
import { JsonPatch } from "../../domain/json-patch.js";
import { limits } from "../../domain/limits.js";
import { objectCatalog } from "../../domain/object/list.js";
import {
  BatchCreateRequest,
  CreateObjectRequest,
  PatchObjectRequest,
} from "../../domain/object/requests.js";
import { ObjectResponse } from "../../domain/object/response.js";
import { jsonObject, parseBody } from "../../domain/schemas.js";
import {
  ListObjectsResponse,
  ManyWrittenBody,
  type OperationResult,
  writtenMediaType,
} from "../../service/interface.js";
import { sendBlob } from "../blob-body.js";
import { isNotModified, readIfNoneMatch } from "../conditional.js";
import { placeHeaders, setCache, setMoment } from "../headers.js";
import { addVersionLinks } from "../links.js";
import { answerMany } from "../many.js";
import { readPreferences } from "../preferences.js";
import { type ApiRequest, asOf, asOfMoment, defineRoute, noQuery, type Route } from "../route.js";
import {
  assertUnconditional,
  bodyRefusals,
  defineOperation,
  setIgnoredFields,
  shownOf,
  writeOptions,
  writeQuery,
  writeRefusals,
} from "../write.js";
import { bucketOf, bucketPath, bucketUrl, setTime } from "./buckets.js";
import { listRequest, readListQuery } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = `${bucketPath}/objects`;
const objectPath = `${base}/{object_identifier}`;

const patchBodies = {
  "application/json": PatchObjectRequest,
  "application/merge-patch+json": jsonObject,
  "application/json-patch+json": JsonPatch,
} as const satisfies Record<PatchMediaType, z.ZodType>;

const createManyQuery = writeQuery.extend({
  policy: z
    .enum(policies)
    .optional()
    .meta({ description: "What to do when the unique key is taken; else the bucket says." }),
});

const createQuery = createManyQuery.extend({
  auto_process: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "Make a batch of the object as well, and submit it." }),
});

/** What the routes of one object have in common. */
const ofObject = {
  path: objectPath,
  permission: "write",
  query: writeQuery,
  response: ObjectResponse,
  bodyBytesMax: limits.objectBodyBytesMax,
  refusals: [...writeRefusals, ...bodyRefusals, 409, 423],
} as const;

const listQuery = z.strictObject({
  as_of: asOfMoment,
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
  offset: z.coerce.number().int().min(0).optional(),
  cursor: z.string().optional(),
  include_total: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`false` leaves the totals out of the pagination." }),
});

const ListObjectsRequest = listRequest({
  catalog: objectCatalog,
  noun: "object, the user's own among them",
  searched: "the id or the key prefix",
}).extend({
  select: z
    .array(z.string().max(limits.keyLengthMax))
    .max(limits.objectKeysMax)
    .nullish()
    .meta({ description: "The fields to answer, dotted; all unless given." }),
});

const CreateObjectsResponse = z.object({
  succeeded: z.array(ObjectResponse),
  failed: z.array(
    z.object({
      object_index: z.number().int(),
      error: z.string(),
      error_type: z.string(),
    }),
  ),
  total_requested: z.number().int(),
  succeeded_count: z.number().int(),
  failed_count: z.number().int(),
});

export const objectRoutes: readonly Route[] = [
  defineOperation({
    ...ofObject,
    method: "POST",
    path: base,
    operationId: "createObject",
    summary: "Create an object, or change the one that holds its unique key",
    query: createQuery,
    body: { "application/json": CreateObjectRequest },
    needsBody: true,
    toOperation: ({ params, body, query }) => {
      const { policy, auto_process: autoProcess } = createQuery.parse(query);
      return {
        type: "create_object",
        bucket: bucketOf(params),
        body,
        policy,
        autoProcess: autoProcess === "true",
      };
    },
    locate: pathOf,
  }),
  defineRoute({
    method: "POST",
    path: `${base}/batch`,
    operationId: "createObjects",
    summary: "Create up to 100 objects in one commit, each by itself",
    permission: "write",
    query: createManyQuery,
    body: { "application/json": BatchCreateRequest },
    bodyBytesMax: limits.objectBodyBytesMax,
    needsBody: true,
    response: CreateObjectsResponse,
    writesMany: true,
    otherResponses: { [writtenMediaType]: ManyWrittenBody },
    refusals: [400, 404, 422, 507, ...bodyRefusals],
    handle: async (request, query) => {
      const { context, namespace, params, body } = request;
      assertUnconditional(context);
      const json = requireObject(body ?? {});
      const { objects } = parseBody(BatchCreateRequest, json);
      const options = { ...writeOptions(request, query), policy: query.policy };
      const ignored = checkFields(strayFields(json, BatchCreateRequest), options.strict === true);
      const done = await namespace.objects(bucketOf(params)).createMany(objects, options);
      setIgnoredFields(context, ignored);
      answerMany(context, done, {
        show: ({ object }) => object,
        indexName: "object_index",
        isDry: options.dryRun === true,
      });
    },
  }),
  defineRoute({
    method: "POST",
    path: `${base}/list`,
    operationId: "listObjects",
    summary: "List objects, now or as of a moment: search, filter, sort, select, page",
    permission: "read",
    query: listQuery,
    body: { "application/json": ListObjectsRequest },
    response: ListObjectsResponse,
    refusals: [400, 404, 413, 415, 422],
    handle: async ({ context, namespace, params, body }, query) => {
      const { isStrict, applied } = readPreferences(context.get("Prefer"), true);
      if (applied !== "") context.set("Preference-Applied", applied);
      const json = requireObject(body ?? {});
      const { as_of: asOf, include_total: includeTotal, ...paging } = query;
      const ignored = checkFields(strayFields(json, ListObjectsRequest), isStrict);
      const page = await namespace.objects(bucketOf(params)).list({
        ...readListQuery(json),
        ...paging,
        select: ListObjectsRequest.shape.select.parse(json["select"]),
        asOf,
      });
      setIgnoredFields(context, ignored);
      if (page.as_of === undefined) setCache(context, "current");
      else setMoment(context, page.as_of);
      const { total: _, total_pages: __, ...counted } = page.pagination;
      context.body = includeTotal === "false" ? { ...page, pagination: counted } : page;
    },
  }),
  defineRoute({
    method: "POST",
    path: `${base}/aggregate`,
    operationId: "aggregateObjects",
    summary: "Group objects and compute over each group",
    permission: "read",
    query: noQuery,
    body: { "application/json": AggregateRequest },
    needsBody: true,
    response: AggregateResponse,
    refusals: [400, 404, 413, 415, 422],
    handle: async ({ context, namespace, params, body }) => {
      setCache(context, "current");
      context.body = await namespace.objects(bucketOf(params)).aggregate(body);
    },
  }),
  defineRoute({
    method: "GET",
    path: objectPath,
    operationId: "getObject",
    summary: "Read an object, now or as of a point in the past",
    permission: "read",
    headers: ["If-None-Match"],
    query: z.strictObject({ as_of: asOf }),
    response: ObjectResponse,
    refusals: [400, 404],
    handle: async (request, query) => {
      const { context, namespace, params } = request;
      const ifNoneMatch = readIfNoneMatch(context.get("If-None-Match") || undefined);
      const objects = namespace.objects(bucketOf(params));
      const read = await objects.get(objectOf(params), { asOf: query.as_of });
      context.set(placeHeaders(read));
      setTime(context, read);
      addVersionLinks(context, objectUrl(request), read.version, read.past?.latestVersion);
      if (isNotModified(ifNoneMatch, read.tag)) {
        context.status = 304;
        return;
      }
      context.body = JSON.stringify(read.object);
      context.type = "application/json";
    },
  }),
  defineOperation({
    ...ofObject,
    method: "PUT",
    operationId: "putObject",
    summary: "Update an object: metadata is merged, blobs are replaced by property",
    body: { "application/json": PatchObjectRequest },
    needsBody: true,
    toOperation: ({ params, body }) => ({ ...named(params), type: "put_object", body }),
    locate: pathOf,
  }),
  defineOperation({
    ...ofObject,
    method: "PATCH",
    operationId: "patchObject",
    summary: "Partially update an object",
    body: patchBodies,
    needsBody: true,
    toOperation: ({ params, body, mediaType }) => ({
      ...named(params),
      type: "patch_object",
      patch: body,
      mediaType: patchMediaTypes.find((known) => known === mediaType),
    }),
  }),
  defineOperation({
    ...ofObject,
    method: "DELETE",
    operationId: "deleteObject",
    summary: "Delete an object; its history goes on, its unique key is free",
    permission: "delete",
    successStatus: 204,
    refusals: [...writeRefusals, 423],
    toOperation: ({ params }) => ({ ...named(params), type: "delete_object" }),
  }),
  defineOperation({
    ...ofObject,
    method: "POST",
    path: `${objectPath}/revert`,
    operationId: "revertObject",
    summary: "Put an object, or fields of it, back to a version, or take back one event",
    body: { "application/json": RevertBucketRequest },
    needsBody: true,
    toOperation: ({ params, body }) => ({ ...named(params), type: "revert_object", body }),
  }),
  defineOperation({
    ...ofObject,
    method: "POST",
    path: `${objectPath}/restore`,
    operationId: "restoreObject",
    summary: "Bring a deleted object back",
    permission: "delete",
    body: { "application/json": z.object({}) },
    toOperation: ({ params }) => ({ ...named(params), type: "restore_object" }),
  }),
  defineRoute({
    method: "GET",
    path: `${objectPath}/blobs/{blob_id}`,
    operationId: "getObjectBlob",
    summary: "The bytes of a blob, all or a range",
    permission: "read",
    headers: ["If-None-Match", "Range", "If-Range"],
    isRanged: true,
    query: z.strictObject({ as_of: asOf }),
    response: z.string(),
    responseTypes: ["application/octet-stream"],
    refusals: [400, 404, 416],
    handle: async ({ context, namespace, params }, { as_of: asOf }) => {
      const objects = namespace.objects(bucketOf(params));
      const blob = await objects.blob(objectOf(params), params["blob_id"] ?? "", { asOf });
      await sendBlob(context, blob);
    },
  }),
  ...pastRoutes({
    path: objectPath,
    name: "Object",
    noun: "object",
    reads: ({ namespace, params }) => namespace.objects(bucketOf(params)),
    identify: objectOf,
    urlOf: objectUrl,
  }),
];

function named(params: ApiRequest["params"]) {
  return { bucket: bucketOf(params), object: objectOf(params) };
}

function objectOf(params: ApiRequest["params"]): string {
  return params["object_identifier"] ?? "";
}

/** Where others reach the object. */
function objectUrl({ publicUrl, params }: ApiRequest): string {
  const url = bucketUrl(publicUrl, bucketOf(params));
  return `${url}/objects/${encodeURIComponent(objectOf(params))}`;
}

const ObjectShown = z.object({ bucket_id: z.string(), object_id: z.string() });

function pathOf(result: OperationResult): string {
  const { bucket_id: bucketId, object_id: id } = ObjectShown.parse(shownOf(result));
  return `/v1/buckets/${bucketId}/objects/${id}`;
}
