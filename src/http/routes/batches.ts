/** The routes of batches and their workers (CONTRACT: batches). Each calls the service and maps the answer. */
import { z } from "zod";
import {
  BatchDeletion,
  BatchLogs,
  FailedDocuments,
  ListBatchesResponse,
  type OperationResult,
  WrittenBody,
  writtenMediaType,
} from "../../api/index.js";
import {
  AddObjectsRequest,
  ClaimRequest,
  CompleteRequest,
  CreateBatchRequest,
  FailRequest,
  PatchBatchRequest,
  ProgressRequest,
  RetryRequest,
  SubmitRequest,
} from "../../domain/batch/requests.js";
import { BatchResponse, batchCatalog } from "../../domain/batch/response.js";
import { limits } from "../../domain/limits.js";
import { statuses } from "../../domain/statuses.js";
import { TaskResponse } from "../../domain/task.js";
import { exampleParameters } from "../example-parameters.js";
import { setCache } from "../headers.js";
import { defineRead } from "../read.js";
import {
  type ApiRequest,
  defineRoute,
  type HttpContext,
  ignoredOf,
  ignoredParameter,
  type Route,
} from "../route.js";
import {
  answerWrite,
  assertUnconditional,
  bodyRefusals,
  defineOperation,
  sendWritten,
  setIgnoredFields,
  shownOf,
  wantsWhole,
  writeOptions,
  writeQuery,
  writeRefusals,
} from "../write.js";
import { bucketOf, bucketPath, bucketUrl } from "./buckets.js";
import { defineList, listRequest } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = `${bucketPath}/batches`;
const batchPath = `${base}/{batch_id}`;

/** What the writes to one batch have in common. */
const ofBatch = {
  method: "POST",
  permission: "write",
  query: writeQuery,
  response: BatchResponse,
  needsBody: true,
  refusals: [...writeRefusals, ...bodyRefusals, 423],
} as const;

const validated = writeQuery.extend({ skip_validation: ignoredParameter });

/** What the writes without a body have in common; clients send an empty one. */
const bodiless = {
  ...ofBatch,
  needsBody: false,
  body: { "application/json": z.object({}) },
} as const;

/** What the reads of a part of a batch have in common. There is one tier, and no collection. */
const tells = {
  method: "GET",
  permission: "read",
  isHostedList: true,
  refusals: [400, 404, 422],
} as const;

const partQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).optional(),
  offset: z.coerce.number().int().min(0).optional(),
  tier_num: ignoredParameter,
});

const failuresQuery = partQuery.extend({ collection_id: ignoredParameter });

function tellIgnored(context: HttpContext, query: z.ZodObject): void {
  setCache(context, "current");
  setIgnoredFields(context, ignoredOf({ query }, context.query));
}

const ofClaim = { claim_id: exampleParameters.claim_id };

const ListBatchesRequest = listRequest({
  catalog: batchCatalog,
  noun: "batch",
  searched: "the id",
}).extend({ status: z.enum(statuses).nullish() });

export const batchRoutes: readonly Route[] = [
  defineOperation({
    ...ofBatch,
    path: base,
    query: validated,
    operationId: "createBatch",
    summary: "Create a batch of objects, as a draft",
    body: { "application/json": CreateBatchRequest },
    examples: { "application/json": { object_ids: [exampleParameters.object_identifier] } },
    refusals: [400, 404, 422, 423, 507, ...bodyRefusals],
    toOperation: ({ params, body }) => ({
      type: "create_batch",
      bucket: bucketOf(params),
      body,
    }),
    locate: pathOf,
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listBatches",
    summary: "List batches, now or as of a moment: search, filter, sort, page",
    response: ListBatchesResponse,
    request: ListBatchesRequest,
    filtersOf: ({ status }) => ({ status }),
    list: ({ namespace, params }, query) => namespace.batches(bucketOf(params)).list(query),
  }),
  defineRead({
    path: batchPath,
    operationId: "getBatch",
    summary: "Read a batch, now or as of a point in the past",
    response: BatchResponse,
    read: ({ namespace, params }, options) =>
      namespace.batches(bucketOf(params)).get(batchOf(params), options),
    show: ({ batch }) => batch,
    urlOf: batchUrl,
  }),
  defineOperation({
    ...ofBatch,
    method: "PATCH",
    path: batchPath,
    operationId: "patchBatch",
    summary: "Replace the metadata of a batch",
    body: { "application/json": PatchBatchRequest },
    examples: { "application/json": { metadata: { wanted_by: "growth" } } },
    toOperation: ({ params, body }) => ({ ...named(params), type: "patch_batch", patch: body }),
  }),
  defineOperation({
    ...ofBatch,
    method: "DELETE",
    path: batchPath,
    operationId: "deleteBatch",
    summary: "Delete a batch that is a draft or has finished; its history goes on",
    permission: "delete",
    needsBody: false,
    response: BatchDeletion,
    refusals: [...writeRefusals, 423],
    toOperation: ({ params }) => ({ ...named(params), type: "delete_batch" }),
  }),
  defineOperation({
    ...ofBatch,
    path: `${batchPath}/objects`,
    query: validated,
    operationId: "addBatchObjects",
    summary: "Add objects to a draft",
    body: { "application/json": AddObjectsRequest },
    examples: { "application/json": { object_ids: [exampleParameters.object_identifier] } },
    toOperation: ({ params, body }) => ({ ...named(params), type: "add_batch_objects", body }),
  }),
  defineOperation({
    ...bodiless,
    path: `${batchPath}/submit`,
    query: writeQuery.extend({ force: ignoredParameter }),
    operationId: "submitBatch",
    summary: "Submit a draft: from now on a worker may claim it",
    response: TaskResponse,
    body: { "application/json": SubmitRequest },
    examples: { "application/json": {} },
    toOperation: ({ params, body }) => ({ ...named(params), type: "submit_batch", body }),
  }),
  defineOperation({
    ...bodiless,
    path: `${batchPath}/cancel`,
    operationId: "cancelBatch",
    summary: "Cancel what was submitted, also when a worker has it",
    response: TaskResponse,
    toOperation: ({ params }) => ({ ...named(params), type: "cancel_batch" }),
  }),
  defineOperation({
    ...ofBatch,
    path: `${batchPath}/progress`,
    operationId: "progressBatch",
    summary: "A worker says how far it is, and may make its lease longer",
    body: { "application/json": ProgressRequest },
    examples: { "application/json": { ...ofClaim, processed_count: 1, lease_seconds: 300 } },
    refusals: [...ofBatch.refusals, 409],
    toOperation: ({ params, body }) => ({ ...named(params), type: "progress_batch", body }),
  }),
  defineOperation({
    ...ofBatch,
    path: `${batchPath}/complete`,
    operationId: "completeBatch",
    summary: "A worker says that it is done",
    body: { "application/json": CompleteRequest },
    examples: { "application/json": { ...ofClaim, result: { thumbnails: 1 } } },
    refusals: [...ofBatch.refusals, 409],
    toOperation: ({ params, body }) => ({ ...named(params), type: "complete_batch", body }),
  }),
  defineOperation({
    ...ofBatch,
    path: `${batchPath}/fail`,
    operationId: "failBatch",
    summary: "A worker says that it cannot be done",
    body: { "application/json": FailRequest },
    examples: { "application/json": { ...ofClaim, error: "The disk of the worker is full." } },
    refusals: [...ofBatch.refusals, 409],
    toOperation: ({ params, body }) => ({ ...named(params), type: "fail_batch", body }),
  }),
  defineOperation({
    ...ofBatch,
    path: `${batchPath}/retry`,
    operationId: "retryBatch",
    summary: "Have a worker try again what failed, under the same task",
    needsBody: false,
    body: { "application/json": RetryRequest },
    examples: { "application/json": { retry_mode: "all" } },
    toOperation: ({ params, body }) => ({ ...named(params), type: "retry_batch", body }),
  }),
  defineRoute({
    ...tells,
    path: `${batchPath}/failed-documents`,
    operationId: "listBatchFailures",
    summary: "The objects of a batch that failed, each with the reason",
    query: failuresQuery,
    response: FailedDocuments,
    handle: async ({ context, namespace, params }, { limit, offset }) => {
      const { bucket, batch } = named(params);
      context.body = await namespace.batches(bucket).failedDocuments(batch, { limit, offset });
      tellIgnored(context, failuresQuery);
    },
  }),
  defineRoute({
    ...tells,
    path: `${batchPath}/logs`,
    operationId: "listBatchLogs",
    summary: "What happened to a batch, event by event",
    query: partQuery,
    response: BatchLogs,
    handle: async ({ context, namespace, params }, { limit, offset }) => {
      const { bucket, batch } = named(params);
      context.body = await namespace.batches(bucket).logs(batch, { limit, offset });
      tellIgnored(context, partQuery);
    },
  }),
  ...pastRoutes({
    path: batchPath,
    name: "Batch",
    noun: "batch",
    reads: ({ namespace, params }) => namespace.batches(bucketOf(params)),
    identify: batchOf,
    urlOf: batchUrl,
  }),
];

/** A worker's question for work: an answer without a body when there is none. */
export const claimRoute: Route = defineRoute({
  method: "POST",
  path: "/v1/batches/claim",
  operationId: "claimBatch",
  summary: "Hand the batch that waited longest to a worker; 204 when none waits",
  permission: "write",
  query: writeQuery,
  body: { "application/json": ClaimRequest },
  examples: { "application/json": { worker: "transcoder-1", lease_seconds: 300 } },
  needsBody: true,
  response: BatchResponse,
  otherResponses: { [writtenMediaType]: WrittenBody },
  // The answer is what the worker works with: it is never minimal.
  writesMany: true,
  emptyAnswer: "No batch waits",
  refusals: [400, 409, 422, 507, ...bodyRefusals],
  handle: async (request, query) => {
    const { context, namespace, body } = request;
    assertUnconditional(context);
    const written = await namespace.claimBatch(body, writeOptions(request, query));
    if (written === undefined) {
      context.status = 204;
      return;
    }
    const how = { prefer: "", isWhole: wantsWhole(context), isEmpty: false };
    sendWritten(context, written, answerWrite(written, written.batch, {}, how));
  },
});

function named(params: ApiRequest["params"]) {
  return { bucket: bucketOf(params), batch: batchOf(params) };
}

function batchOf(params: ApiRequest["params"]): string {
  return params["batch_id"] ?? "";
}

/** Where others reach the batch. */
function batchUrl({ publicUrl, params }: ApiRequest): string {
  const url = bucketUrl(publicUrl, bucketOf(params));
  return `${url}/batches/${encodeURIComponent(batchOf(params))}`;
}

const BatchShown = z.object({ bucket_id: z.string(), batch_id: z.string() });

function pathOf(result: OperationResult): string {
  const { bucket_id: bucketId, batch_id: id } = BatchShown.parse(shownOf(result));
  return `/v1/buckets/${bucketId}/batches/${id}`;
}
