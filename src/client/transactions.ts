/** Transactions over HTTP: each operation as the request that it would be by itself. */
import { type JsonValue, toJson } from "../domain/json.js";
import {
  type Operation,
  type OperationResult,
  type Transacted,
  type TransactionOptions,
  TransactionResponse,
  writtenMediaType,
} from "../service/interface.js";
import {
  batchDeletedOf,
  batchesPath,
  batchWrittenOf,
  submittedOf,
  WrittenBatch,
  WrittenDeletion,
  WrittenSubmission,
} from "./batches.js";
import { base, bucketWrittenOf, deletedOf, WrittenBucket, WrittenTask } from "./buckets.js";
import {
  connectionPath,
  connectionsPath,
  connectionWrittenOf,
  WrittenConnection,
} from "./connections.js";
import { objectsPath, objectWrittenOf, WrittenObject } from "./objects.js";
import { type Place, placeHeaders, segment, writeHeaders } from "./request.js";
import type { Transport } from "./transport.js";
import { uploadsPath, uploadWrittenOf, WrittenUpload } from "./uploads.js";

/** Done once however often it has to be sent, under one key for the whole. */
export async function transact(
  transport: Transport,
  place: Place,
  operations: readonly Operation[],
  options: TransactionOptions,
): Promise<Transacted> {
  const isDry = options.dryRun === true;
  const call = {
    kind: isDry ? "read" : "write",
    method: "POST",
    path: "/v1/transactions",
    query: { dry_run: isDry ? "true" : undefined },
    json: toJson({ operations: operations.map(toRequest) }),
    headers: {
      ...placeHeaders(place),
      ...writeHeaders(options),
      Accept: `${writtenMediaType}, application/json`,
    },
    idempotencyKey: options.idempotencyKey ?? (isDry ? undefined : crypto.randomUUID()),
  } as const;
  const { body, headers } = await transport.json(call, TransactionResponse);
  return {
    transactionId: body.transaction_id,
    results: operations.map((operation, index) => resultOf(operation, body.results[index]?.body)),
    replayed: headers.get("Idempotency-Replayed") === "true",
    dryRun: isDry,
  };
}

function resultOf({ type }: Operation, body: JsonValue | undefined): OperationResult {
  switch (type) {
    case "create_object":
    case "put_object":
    case "patch_object":
    case "revert_object":
    case "restore_object":
    case "delete_object":
      return objectWrittenOf(WrittenObject.parse(body));
    case "delete":
      return deletedOf(WrittenTask.parse(body));
    case "create_connection":
    case "patch_connection":
    case "delete_connection":
      return connectionWrittenOf(WrittenConnection.parse(body));
    case "create_upload":
    case "delete_upload":
      return uploadWrittenOf(WrittenUpload.parse(body));
    case "submit_batch":
      return submittedOf(WrittenSubmission.parse(body));
    case "delete_batch":
      return batchDeletedOf(WrittenDeletion.parse(body));
    case "create_batch":
    case "add_batch_objects":
    case "patch_batch":
    case "cancel_batch":
    case "progress_batch":
    case "complete_batch":
    case "fail_batch":
      return batchWrittenOf(WrittenBatch.parse(body));
    default:
      return bucketWrittenOf(WrittenBucket.parse(body));
  }
}

function toRequest(operation: Operation) {
  const { "Content-Type": contentType = undefined, ...headers } = {
    ...writeHeaders(operation),
    ...((operation.type === "patch" || operation.type === "patch_object") &&
      operation.mediaType !== undefined && { "Content-Type": operation.mediaType }),
  };
  return {
    ...requestOf(operation),
    headers: { ...headers, ...(contentType !== undefined && { "Content-Type": contentType }) },
  };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonValue;
}

function requestOf(operation: Operation): Request {
  switch (operation.type) {
    case "create":
      return { method: "POST", path: base, body: toJson(operation.body) };
    case "patch":
      return { method: "PATCH", path: pathOf(operation), body: toJson(operation.patch) };
    case "delete":
      return { method: "DELETE", path: pathOf(operation) };
    case "lock":
    case "unlock":
    case "archive":
    case "activate":
    case "suspend":
    case "revert":
    case "restore": {
      const path = `${pathOf(operation)}/${operation.type}`;
      return { method: "POST", path, body: toJson(operation.body ?? {}) };
    }
    case "rotate_secret": {
      const path = `${pathOf(operation)}/source_adapter/rotate`;
      return { method: "POST", path, body: toJson(operation.body ?? {}) };
    }
    case "create_object": {
      const query = new URLSearchParams({
        ...(operation.policy !== undefined && { policy: operation.policy }),
        ...(operation.autoProcess === true && { auto_process: "true" }),
      }).toString();
      const path = `${objectsPath(operation.bucket)}${query === "" ? "" : `?${query}`}`;
      return { method: "POST", path, body: toJson(operation.body) };
    }
    case "put_object":
      return { method: "PUT", path: objectPath(operation), body: toJson(operation.body) };
    case "patch_object":
      return { method: "PATCH", path: objectPath(operation), body: toJson(operation.patch) };
    case "revert_object": {
      const path = `${objectPath(operation)}/revert`;
      return { method: "POST", path, body: toJson(operation.body) };
    }
    case "restore_object":
      return { method: "POST", path: `${objectPath(operation)}/restore`, body: {} };
    case "delete_object":
      return { method: "DELETE", path: objectPath(operation) };
    case "create_connection":
      return { method: "POST", path: connectionsPath, body: toJson(operation.body) };
    case "patch_connection": {
      const path = connectionPath(operation.connection);
      return { method: "PATCH", path, body: toJson(operation.patch) };
    }
    case "delete_connection":
      return { method: "DELETE", path: connectionPath(operation.connection) };
    case "create_upload":
      return { method: "POST", path: uploadsPath(operation.bucket), body: toJson(operation.body) };
    case "delete_upload": {
      const path = `${uploadsPath(operation.bucket)}/${segment(operation.upload)}`;
      return { method: "DELETE", path };
    }
    case "create_batch":
      return { method: "POST", path: batchesPath(operation.bucket), body: toJson(operation.body) };
    case "patch_batch":
      return { method: "PATCH", path: batchPath(operation), body: toJson(operation.patch) };
    case "delete_batch":
      return { method: "DELETE", path: batchPath(operation) };
    case "add_batch_objects":
      return {
        method: "POST",
        path: batchPath(operation, "objects"),
        body: toJson(operation.body),
      };
    case "submit_batch":
      return { method: "POST", path: batchPath(operation, "submit"), body: {} };
    case "cancel_batch":
      return { method: "POST", path: batchPath(operation, "cancel"), body: {} };
    case "progress_batch":
      return {
        method: "POST",
        path: batchPath(operation, "progress"),
        body: toJson(operation.body),
      };
    case "complete_batch":
      return {
        method: "POST",
        path: batchPath(operation, "complete"),
        body: toJson(operation.body),
      };
    case "fail_batch":
      return { method: "POST", path: batchPath(operation, "fail"), body: toJson(operation.body) };
  }
}

function objectPath({ bucket, object }: { readonly bucket: string; readonly object: string }) {
  return `${objectsPath(bucket)}/${segment(object)}`;
}

function batchPath(
  { bucket, batch }: { readonly bucket: string; readonly batch: string },
  ...below: readonly string[]
): string {
  return [batchesPath(bucket), segment(batch), ...below].join("/");
}

function pathOf({ bucket }: { readonly bucket: string }): string {
  return `${base}/${segment(bucket)}`;
}
