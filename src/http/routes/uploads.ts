/** The routes of uploads (CONTRACT: objects): announced, sent to a signed URL, confirmed. */
import { z } from "zod";
import {
  ListUploadsResponse,
  ManyWrittenBody,
  type OperationResult,
  ReceivedBytes,
  type UploadsWritten,
  type UploadWritten,
  writtenMediaType,
} from "../../api/index.js";
import { UploadsTask } from "../../domain/task.js";
import {
  ConfirmUploadRequest,
  ConfirmUploadsRequest,
  CreateUploadRequest,
  CreateUploadsRequest,
} from "../../domain/upload/requests.js";
import { UploadResponse, uploadCatalog } from "../../domain/upload/response.js";
import { sendBlob } from "../blob-body.js";
import { readConditions } from "../conditional.js";
import { exampleParameters } from "../example-parameters.js";
import { setCache } from "../headers.js";
import { answerMany } from "../many.js";
import { readRawBody } from "../raw-body.js";
import { defineRead } from "../read.js";
import { type ApiRequest, defineRoute, ignoredParameter, noQuery, type Route } from "../route.js";
import {
  assertUnconditional,
  bodyRefusals,
  defineOperation,
  defineWrite,
  shownOf,
  writeOptions,
  writeQuery,
  writeRefusals,
} from "../write.js";
import { bucketOf, bucketPath, bucketUrl } from "./buckets.js";
import { defineList, listRequest } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = `${bucketPath}/uploads`;
const uploadPath = `${base}/{upload_id}`;

/** A digest in base64url has 43: what is much longer is not looked at. */
const signatureLengthMax = 200;

/** How long the next bytes of an upload may take to arrive. */
const idleMs = 30_000;
const slowest = { bytesPerSecond: 1_024, afterMs: 30_000 };

const createExample = {
  filename: "spring-launch.mp4",
  content_type: "video/mp4",
  blob_property: "video",
  object_metadata: { title: "Spring launch, 16:9" },
} as const;

const ListUploadsRequest = listRequest({
  catalog: uploadCatalog,
  noun: "upload",
  searched: "the id or the filename",
}).extend({
  return_presigned_urls: z.boolean().nullish().meta({
    description: "Whether a signed URL gives the bytes of those that were confirmed.",
  }),
});

/** What the routes of many uploads at once answer. */
const UploadsResponse = z.object({
  succeeded: z.array(UploadResponse),
  failed: z.array(
    z.object({ upload_index: z.number().int(), error: z.string(), error_type: z.string() }),
  ),
  total_requested: z.number().int(),
  succeeded_count: z.number().int(),
  failed_count: z.number().int(),
});

/** The same as the hosted API tells it, which knows of none that is refused by itself. */
const CreatedUploadsResponse = UploadsResponse.extend({
  uploads: z.array(UploadResponse),
  total: z.number().int(),
});

/** As the hosted API tells it, with what became of each. */
const ConfirmedUploadsResponse = UploadsResponse.extend({
  task_id: z.string(),
  status: UploadsTask.shape.status,
  confirmations_count: z.number().int(),
  task: UploadsTask,
  message: z.string(),
});

/** What the routes of many uploads at once have in common. */
const ofMany = {
  method: "POST",
  permission: "write",
  query: writeQuery,
  needsBody: true,
  writesMany: true,
  otherResponses: { [writtenMediaType]: ManyWrittenBody },
  refusals: [400, 404, 422, 507, ...bodyRefusals],
} as const;

export const uploadRoutes: readonly Route[] = [
  defineOperation({
    method: "POST",
    path: base,
    operationId: "createUpload",
    summary: "Announce an upload, and get the URL that takes its bytes",
    permission: "write",
    query: writeQuery,
    body: { "application/json": CreateUploadRequest },
    examples: { "application/json": createExample },
    needsBody: true,
    response: UploadResponse,
    refusals: [400, 404, 422, 423, 507, ...bodyRefusals],
    toOperation: ({ params, body }) => ({ type: "create_upload", bucket: bucketOf(params), body }),
    locate: pathOf,
  }),
  defineRoute({
    ...ofMany,
    path: `${base}/batch`,
    operationId: "createUploads",
    summary: "Announce up to 100 uploads in one commit, each by itself",
    response: CreatedUploadsResponse,
    body: { "application/json": CreateUploadsRequest },
    examples: { "application/json": { uploads: [createExample] } },
    handle: async (request, query) => {
      const { context, namespace, params, body } = request;
      assertUnconditional(context);
      const options = writeOptions(request, query);
      const uploads = namespace.uploads(bucketOf(params));
      const done = await uploads.createMany(body, options);
      const shown = done.succeeded.map(({ upload }) => upload);
      answerMany(context, done, formOf(options), { uploads: shown, total: shown.length });
    },
  }),
  defineRoute({
    ...ofMany,
    path: `${base}/batch/confirm`,
    operationId: "confirmUploads",
    summary: "Confirm up to 100 uploads, each by itself with its object",
    response: UploadsResponse,
    body: { "application/json": ConfirmUploadsRequest },
    examples: {
      "application/json": { confirmations: [{ upload_id: exampleParameters.upload_id }] },
    },
    handle: async (request, query) => {
      const { context, namespace, params, body } = request;
      assertUnconditional(context);
      const options = writeOptions(request, query);
      const uploads = namespace.uploads(bucketOf(params));
      const done = await uploads.confirmMany(body, options);
      answerMany(context, done, formOf(options));
    },
  }),
  defineRoute({
    ...ofMany,
    path: `${base}/confirm/batch`,
    operationId: "confirmUploadsByTask",
    summary: "Confirm up to 100 uploads, each by itself with its object, and get a task that tells",
    // What is only tried has no task.
    query: noQuery,
    headers: ["Idempotency-Key", "X-Reason", "X-Actor", "Prefer"],
    body: { "application/json": ConfirmUploadsRequest },
    examples: {
      "application/json": { confirmations: [{ upload_id: exampleParameters.upload_id }] },
    },
    response: ConfirmedUploadsResponse,
    refusals: [...ofMany.refusals, 409, 423],
    handle: async (request) => {
      const { context, namespace, params, body } = request;
      assertUnconditional(context);
      const uploads = namespace.uploads(bucketOf(params));
      const done = await uploads.confirmMany(body, writeOptions(request, {}));
      const task = await taskOf(namespace, done);
      const asked = done.succeeded.length + done.failed.length;
      answerMany(context, done, formOf({}), {
        task_id: task.task_id,
        status: task.status,
        confirmations_count: asked,
        task,
        message: `Confirmed ${done.succeeded.length} of ${asked} uploads.`,
      });
    },
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listUploads",
    summary: "List uploads, now or as of a moment: search, filter, sort, page",
    response: ListUploadsResponse,
    request: ListUploadsRequest,
    list: ({ namespace, params }, query, { return_presigned_urls: showDownload }) =>
      namespace.uploads(bucketOf(params)).list(query, { showDownload: showDownload === true }),
  }),
  defineRead({
    path: uploadPath,
    operationId: "getUpload",
    summary: "Read an upload, with its URL while it waits and for those who may write",
    response: UploadResponse,
    showsUrls: true,
    read: ({ namespace, params, permits }, { asOf, showUrls }) => {
      const asked = { asOf, showUrl: permits("write"), showDownload: showUrls };
      return namespace.uploads(bucketOf(params)).get(uploadOf(params), asked);
    },
    show: ({ upload }) => upload,
    urlOf: uploadUrl,
  }),
  defineWrite({
    method: "POST",
    path: `${uploadPath}/confirm`,
    operationId: "confirmUpload",
    summary: "Confirm what arrived, and make the object of it",
    permission: "write",
    query: writeQuery.extend({ async: ignoredParameter }),
    body: { "application/json": ConfirmUploadRequest },
    examples: { "application/json": {} },
    response: UploadResponse,
    refusals: [...writeRefusals, ...bodyRefusals, 409, 423],
    write: ({ namespace, params, body }, options) =>
      namespace.uploads(bucketOf(params)).confirm(uploadOf(params), body, options),
    show: ({ upload }) => upload,
  }),
  defineOperation({
    method: "DELETE",
    path: uploadPath,
    operationId: "deleteUpload",
    summary: "Delete an upload; objects that have its bytes keep them",
    permission: "delete",
    query: writeQuery.extend({ delete_s3_object: ignoredParameter }),
    response: UploadResponse,
    successStatus: 204,
    refusals: [...writeRefusals, 423],
    toOperation: ({ params }) => ({
      type: "delete_upload",
      bucket: bucketOf(params),
      upload: uploadOf(params),
    }),
  }),
  ...pastRoutes({
    path: uploadPath,
    name: "Upload",
    noun: "upload",
    reads: ({ namespace, params }) => namespace.uploads(bucketOf(params)),
    identify: uploadOf,
    urlOf: uploadUrl,
  }),
];

/** Takes the bytes: the signature of the URL stands in the place of a token. */
export const receiveRoute: Route = defineRoute({
  method: "PUT",
  path: "/v1/uploads/{upload_id}",
  operationId: "sendUpload",
  summary: "Send the bytes of an upload to its signed URL",
  permission: undefined,
  query: z.strictObject({ signature: z.string().max(signatureLengthMax) }),
  takesBytes: true,
  examples: { "*/*": "the bytes of the file" },
  isSigned: true,
  isUnhurried: true,
  response: ReceivedBytes,
  refusals: [403, 409, 413, 415, 423, 507],
  handle: async ({ context, store, admission, params }, { signature }) => {
    assertUnconditional(context);
    const uploadId = uploadOf(params);
    const received = await admission.uploads.hold(uploadId, () =>
      store.receiveUpload({
        uploadId,
        signature,
        contentType: context.get("Content-Type"),
        read: (sizes) => readRawBody(context, { ...sizes, idleMs, slowest }),
      }),
    );
    context.set("ETag", `"${received.file_hash}"`);
    setCache(context, "none");
    context.body = received;
  },
});

/** Gives the bytes of a blob: the signature of the URL stands in the place of a token. */
export const downloadRoute: Route = defineRoute({
  method: "GET",
  path: "/v1/downloads/{hash}",
  operationId: "downloadBytes",
  summary: "The bytes that a signed URL gives, all or a range",
  permission: undefined,
  query: z.strictObject({
    size: z.coerce.number().int().min(0),
    type: z.string().optional(),
    filename: z.string().optional(),
    expires: z.coerce.number().int(),
    signature: z.string().max(signatureLengthMax),
  }),
  isSigned: true,
  headers: [...readConditions, "Range", "If-Range"],
  isRanged: true,
  response: z.string(),
  responseTypes: ["application/octet-stream"],
  refusals: [403, 412, 416],
  handle: async ({ context, store, params }, { size, type, expires, ...signed }) => {
    const { hash = "" } = params;
    const what = { hash, sizeBytes: size, mimeType: type, expiresAt: expires };
    await sendBlob(context, store.download({ filename: undefined, ...signed, ...what }));
  },
});

function formOf({ dryRun }: { readonly dryRun?: boolean | undefined }) {
  return {
    show: ({ upload }: UploadWritten) => upload,
    indexName: "upload_index",
    isDry: dryRun === true,
  } as const;
}

/** @throws what refused the first, when nothing was confirmed: there is no task that did nothing. */
async function taskOf(
  { tasks }: ApiRequest["namespace"],
  { succeeded, failed }: UploadsWritten,
): Promise<UploadsTask> {
  const id = succeeded.find(({ upload }) => upload.task_id !== undefined)?.upload.task_id;
  const [refused] = failed;
  if (id === undefined && refused !== undefined) throw refused.error;
  return UploadsTask.parse(await tasks.get(id ?? ""));
}

function uploadOf(params: ApiRequest["params"]): string {
  return params["upload_id"] ?? "";
}

/** Where others reach the upload. */
function uploadUrl({ publicUrl, params }: ApiRequest): string {
  const url = bucketUrl(publicUrl, bucketOf(params));
  return `${url}/uploads/${encodeURIComponent(uploadOf(params))}`;
}

const UploadShown = z.object({ bucket_id: z.string(), upload_id: z.string() });

function pathOf(result: OperationResult): string {
  const { bucket_id: bucketId, upload_id: id } = UploadShown.parse(shownOf(result));
  return `/v1/buckets/${bucketId}/uploads/${id}`;
}
