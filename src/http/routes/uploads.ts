/** The routes of uploads (CONTRACT: objects): announced, sent to a signed URL, confirmed. */
import { z } from "zod";
import {
  BatchConfirmUploadsRequest,
  BatchCreateUploadsRequest,
  ConfirmUploadRequest,
  CreateUploadRequest,
} from "../../domain/upload/requests.js";
import { UploadResponse, uploadCatalog } from "../../domain/upload/response.js";
import {
  ListUploadsResponse,
  ManyWrittenBody,
  type OperationResult,
  ReceivedBytes,
  type UploadWritten,
  writtenMediaType,
} from "../../service/interface.js";
import { isNotModified, readIfNoneMatch } from "../conditional.js";
import { placeHeaders, setCache } from "../headers.js";
import { addVersionLinks } from "../links.js";
import { answerMany } from "../many.js";
import { readRawBody } from "../raw-body.js";
import { type ApiRequest, asOf, defineRoute, type Route } from "../route.js";
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
import { bucketOf, bucketPath, bucketUrl, setTime } from "./buckets.js";
import { defineList, listRequest } from "./list-body.js";
import { pastRoutes } from "./past.js";

const base = `${bucketPath}/uploads`;
const uploadPath = `${base}/{upload_id}`;

/** A digest in base64url has 43: what is much longer is not looked at. */
const signatureLengthMax = 200;

/** How long the next bytes of an upload may take to arrive. */
const idleMs = 30_000;

const ListUploadsRequest = listRequest({
  catalog: uploadCatalog,
  noun: "upload",
  searched: "the id or the filename",
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

/** What the routes of many uploads at once have in common. */
const ofMany = {
  method: "POST",
  permission: "write",
  query: writeQuery,
  needsBody: true,
  response: UploadsResponse,
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
    body: { "application/json": BatchCreateUploadsRequest },
    handle: async (request, query) => {
      const { context, namespace, params, body } = request;
      assertUnconditional(context);
      const options = writeOptions(request, query);
      const uploads = namespace.uploads(bucketOf(params));
      const done = await uploads.createMany(body, options);
      answerMany(context, done, formOf(options));
    },
  }),
  defineRoute({
    ...ofMany,
    path: `${base}/batch/confirm`,
    operationId: "confirmUploads",
    summary: "Confirm up to 100 uploads, each by itself with its object",
    body: { "application/json": BatchConfirmUploadsRequest },
    handle: async (request, query) => {
      const { context, namespace, params, body } = request;
      assertUnconditional(context);
      const options = writeOptions(request, query);
      const uploads = namespace.uploads(bucketOf(params));
      const done = await uploads.confirmMany(body, options);
      answerMany(context, done, formOf(options));
    },
  }),
  defineList({
    path: `${base}/list`,
    operationId: "listUploads",
    summary: "List uploads, now or as of a moment: search, filter, sort, page",
    response: ListUploadsResponse,
    request: ListUploadsRequest,
    list: ({ namespace, params }, query) => namespace.uploads(bucketOf(params)).list(query),
  }),
  defineRoute({
    method: "GET",
    path: uploadPath,
    operationId: "getUpload",
    summary: "Read an upload, with its URL while it waits and for those who may write",
    permission: "read",
    headers: ["If-None-Match"],
    query: z.strictObject({ as_of: asOf }),
    response: UploadResponse,
    refusals: [400, 404],
    handle: async (request, query) => {
      const { context, namespace, params, permits } = request;
      const ifNoneMatch = readIfNoneMatch(context.get("If-None-Match") || undefined);
      const asked = { asOf: query.as_of, showUrl: permits("write") };
      const read = await namespace.uploads(bucketOf(params)).get(uploadOf(params), asked);
      context.set(placeHeaders(read));
      setTime(context, read);
      addVersionLinks(context, uploadUrl(request), read.version, read.past?.latestVersion);
      if (isNotModified(ifNoneMatch, read.tag)) {
        context.status = 304;
        return;
      }
      context.body = read.upload;
    },
  }),
  defineWrite({
    method: "POST",
    path: `${uploadPath}/confirm`,
    operationId: "confirmUpload",
    summary: "Confirm what arrived, and make the object of it",
    permission: "write",
    query: writeQuery,
    body: { "application/json": ConfirmUploadRequest },
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
    query: writeQuery,
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
  isUnhurried: true,
  response: ReceivedBytes,
  refusals: [403, 409, 413, 415, 423, 507],
  handle: async ({ context, store, params }, { signature }) => {
    const received = await store.receiveUpload({
      uploadId: uploadOf(params),
      signature,
      contentType: context.get("Content-Type"),
      read: (sizes) => readRawBody(context, { ...sizes, idleMs }),
    });
    context.set("ETag", `"${received.file_hash}"`);
    setCache(context, "none");
    context.body = received;
  },
});

function formOf({ dryRun }: { readonly dryRun?: boolean | undefined }) {
  return {
    show: ({ upload }: UploadWritten) => upload,
    indexName: "upload_index",
    isDry: dryRun === true,
  } as const;
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
