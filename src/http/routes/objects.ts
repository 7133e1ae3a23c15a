/** The routes of objects (CONTRACT: objects, history and time). Each calls the service and maps the answer. */
import { z } from "zod";
import {
  ListObjectsResponse,
  ManyWrittenBody,
  type OperationResult,
  writtenMediaType,
} from "../../api/index.js";
import { AggregateResponse } from "../../domain/aggregate/aggregate.js";
import { AggregateRequest } from "../../domain/aggregate/request.js";
import { policies } from "../../domain/bucket/choices.js";
import { type JsonValue, notedFromText } from "../../domain/json.js";
import { JsonPatch } from "../../domain/json-patch.js";
import { limits } from "../../domain/limits.js";
import {
  CreateManyRequest,
  CreateObjectRequest,
  PatchObjectRequest,
} from "../../domain/object/requests.js";
import { ObjectResponse, objectCatalog } from "../../domain/object/response.js";
import { type PatchMediaType, patchMediaTypes } from "../../domain/patch-media-type.js";
import { checkStrays } from "../../domain/request-fields.js";
import { RevertRequest } from "../../domain/revert.js";
import { jsonObject, parseBody, requireObject } from "../../domain/schemas.js";
import { sendBlob } from "../blob-body.js";
import { readConditions } from "../conditional.js";
import { setCache } from "../headers.js";
import { answerMany } from "../many.js";
import { defineRead } from "../read.js";
import {
  type ApiRequest,
  asOf,
  defineRoute,
  flag,
  ignoredParameter,
  noQuery,
  type Route,
} from "../route.js";
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
import { bucketOf, bucketPath, bucketUrl } from "./buckets.js";
import { defineList, listRequest } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = `${bucketPath}/objects`;
const objectPath = `${base}/{object_identifier}`;

const patchBodies = {
  "application/json": PatchObjectRequest,
  "application/merge-patch+json": jsonObject,
  "application/json-patch+json": JsonPatch,
} as const satisfies Record<PatchMediaType, z.ZodType>;

const patchExamples = {
  "application/json": { metadata: { reviewed: true } },
  "application/merge-patch+json": { metadata: { reviewed: true } },
  "application/json-patch+json": [{ op: "add", path: "/metadata/reviewed", value: true }],
} as const satisfies Record<PatchMediaType, JsonValue>;

const createExample = {
  title: "Spring launch, 16:9",
  blobs: [
    {
      property: "video",
      type: "video",
      data: "https://media.example.com/spring-launch.mp4",
      metadata: { size_bytes: 48_210_944 },
    },
  ],
} as const;

const createQuery = writeQuery.extend({
  policy: z
    .enum(policies)
    .optional()
    .meta({ description: "What to do when the unique key is taken; else the bucket says." }),
  auto_process: flag.meta({ description: "Make a batch of each object as well, and submit it." }),
});

/** What the routes of one object have in common. */
const ofObject = {
  path: objectPath,
  permission: "write",
  query: writeQuery,
  response: ObjectResponse,
  refusals: [...writeRefusals, ...bodyRefusals, 409, 423],
} as const;

/** What blobs may be sent to, with their contents. */
const takesContents = { bodyBytesMax: limits.objectBodyBytesMax, bodyContent: "object" } as const;

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
    ...takesContents,
    method: "POST",
    path: base,
    operationId: "createObject",
    summary: "Create an object, or change the one that holds its unique key",
    query: createQuery,
    body: { "application/json": CreateObjectRequest },
    examples: { "application/json": createExample },
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
    query: createQuery,
    body: { "application/json": CreateManyRequest },
    examples: { "application/json": { objects: [createExample] } },
    ...takesContents,
    bodyContent: "objects",
    needsBody: true,
    response: CreateObjectsResponse,
    writesMany: true,
    otherResponses: { [writtenMediaType]: ManyWrittenBody },
    refusals: [400, 404, 422, 507, ...bodyRefusals],
    handle: async (request, query) => {
      const { context, store, namespace, params, body } = request;
      assertUnconditional(context);
      const json = requireObject(body ?? {});
      const { objects } = parseBody(CreateManyRequest, json);
      for (const object of objects) notedFromText(object);
      const autoProcess = query.auto_process === "true";
      const options = { ...writeOptions(request, query), policy: query.policy, autoProcess };
      const ignored = checkStrays(json, CreateManyRequest, options.strict ?? store.isStrict);
      const done = await namespace.objects(bucketOf(params)).createMany(objects, options);
      setIgnoredFields(context, ignored);
      answerMany(context, done, {
        show: ({ object }) => object,
        indexName: "object_index",
        isDry: options.dryRun === true,
      });
    },
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listObjects",
    summary: "List objects, now or as of a moment: search, filter, sort, select, page",
    response: ListObjectsResponse,
    request: ListObjectsRequest,
    list: ({ namespace, params }, query, { select }, countBlobs) =>
      namespace.objects(bucketOf(params)).list({ ...query, select, countBlobs }),
  }),
  defineRoute({
    method: "POST",
    path: `${base}/aggregate`,
    operationId: "aggregateObjects",
    scans: true,
    summary: "Group objects and compute over each group",
    permission: "read",
    query: noQuery,
    body: { "application/json": AggregateRequest },
    examples: {
      "application/json": {
        group_by: [{ field: "created_at", alias: "month", date_trunc: "month" }],
        aggregations: [{ function: "count", alias: "objects" }],
      },
    },
    needsBody: true,
    response: AggregateResponse,
    refusals: [400, 404, 413, 415, 422],
    handle: async ({ context, namespace, params, body }) => {
      setCache(context, "current");
      context.body = await namespace.objects(bucketOf(params)).aggregate(body);
    },
  }),
  defineRead({
    path: objectPath,
    operationId: "getObject",
    summary: "Read an object, now or as of a point in the past",
    response: ObjectResponse,
    showsUrls: true,
    read: ({ namespace, params }, options) =>
      namespace.objects(bucketOf(params)).get(objectOf(params), options),
    show: ({ object }) => object,
    urlOf: objectUrl,
  }),
  defineOperation({
    ...ofObject,
    ...takesContents,
    method: "PUT",
    operationId: "putObject",
    summary: "Update an object: metadata is merged, blobs are replaced by property",
    body: { "application/json": PatchObjectRequest },
    examples: { "application/json": patchExamples["application/json"] },
    needsBody: true,
    toOperation: ({ params, body }) => ({ ...named(params), type: "put_object", body }),
    locate: pathOf,
  }),
  defineOperation({
    ...ofObject,
    ...takesContents,
    method: "PATCH",
    operationId: "patchObject",
    summary: "Partially update an object",
    body: patchBodies,
    examples: patchExamples,
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
    query: writeQuery.extend({ cascade: ignoredParameter }),
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
    body: { "application/json": RevertRequest },
    examples: { "application/json": { to: 1 } },
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
    headers: [...readConditions, "Range", "If-Range"],
    isRanged: true,
    query: z.strictObject({ as_of: asOf }),
    response: z.string(),
    responseTypes: ["application/octet-stream"],
    refusals: [400, 404, 412, 416],
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
