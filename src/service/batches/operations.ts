/**
 * Turns a write to a batch, as data, into one that was checked: its shape fits, and its command is
 * made. No rule of the domain is decided here.
 */
import type {
  BatchOperation,
  BatchResult,
  BatchWritten,
  ServedOperationOptions,
} from "../../api/index.js";
import type { BatchCommand } from "../../domain/batch/commands.js";
import {
  AddObjectsRequest,
  CompleteRequest,
  CreateBatchRequest,
  FailRequest,
  PatchBatchRequest,
  ProgressRequest,
  RetryRequest,
  SubmitRequest,
} from "../../domain/batch/requests.js";
import { batchTag, renderBatch } from "../../domain/batch/response.js";
import { invariant } from "../../domain/errors.js";
import type { JsonValue } from "../../domain/json.js";
import { readBody } from "../../domain/request-fields.js";
import { stateOfKind } from "../../domain/resource.js";
import { requireObject } from "../../domain/schemas.js";
import { batchTask } from "../../domain/task.js";
import type { ServiceParts } from "../parts.js";
import {
  type Accompanying,
  accompanying,
  type Checked,
  type Done,
  preconditionOf,
} from "../write/writing.js";
import { writtenOf } from "../write/written.js";

/** What an operation is, beside how it is meant. */
interface Asked {
  readonly command: BatchCommand;
  readonly json?: JsonValue;
  readonly ignoredFields?: readonly string[];
}

type Parts = Pick<ServiceParts, "newId">;

export function checkBatchOperation(
  parts: Parts,
  operation: BatchOperation & ServedOperationOptions,
): Checked<BatchResult> {
  const { type, bucket } = operation;
  const { command, json = null, ignoredFields = [] } = ask(parts, operation);
  const target =
    operation.type === "create_batch"
      ? ({ kind: "new_member", bucket, id: parts.newId("btch") } as const)
      : ({ kind: "member", bucket, id: operation.batch } as const);
  return {
    call: [type, bucket, operation.type === "create_batch" ? null : operation.batch, json],
    reason: operation.reason,
    precondition: preconditionOf(operation),
    command: { target, command },
    render: async (done) => answerBatch(type, done, ignoredFields),
  };
}

function ask(parts: Parts, operation: BatchOperation & ServedOperationOptions): Asked {
  const { type, strict } = operation;
  switch (type) {
    case "create_batch": {
      const { request, ...rest } = readBody(CreateBatchRequest, operation.body, strict);
      const { object_ids: objectIds, metadata } = request;
      return { ...rest, command: { type, objectIds, metadata } };
    }
    case "add_batch_objects": {
      const { request, ...rest } = readBody(AddObjectsRequest, operation.body, strict);
      return { ...rest, command: { type, objectIds: request.object_ids } };
    }
    case "patch_batch": {
      const { request, ...rest } = readBody(PatchBatchRequest, operation.patch, strict);
      return { ...rest, command: { type, metadata: request.metadata } };
    }
    case "submit_batch": {
      const { json, ignoredFields } = readBody(SubmitRequest, operation.body, strict);
      const meaningless = Object.keys(SubmitRequest.shape).filter((name) =>
        Object.hasOwn(requireObject(json), name),
      );
      const command = { type, taskId: parts.newId("task") };
      return { json, command, ignoredFields: [...ignoredFields, ...meaningless] };
    }
    case "cancel_batch":
    case "delete_batch":
      return { command: { type } };
    case "progress_batch": {
      const { request, ...rest } = readBody(ProgressRequest, operation.body, strict);
      const { claim_id: claimId, processed_count, failed_count, lease_seconds } = request;
      const leaseMs = lease_seconds === undefined ? undefined : lease_seconds * 1_000;
      const progress = { processed_count, failed_count };
      return { ...rest, command: { type, claimId, progress, leaseMs } };
    }
    case "complete_batch": {
      const { request, ...rest } = readBody(CompleteRequest, operation.body, strict);
      const { claim_id: claimId, result, errors } = request;
      return { ...rest, command: { type, claimId, result, errors } };
    }
    case "fail_batch": {
      const { request, ...rest } = readBody(FailRequest, operation.body, strict);
      const { claim_id: claimId, error, error_type: errorType, errors } = request;
      return { ...rest, command: { type, claimId, error, errorType, errors } };
    }
    case "retry_batch": {
      const { request, ...rest } = readBody(RetryRequest, operation.body, strict);
      const { retry_mode: mode, max_retry_count: retriesMax } = request;
      return { ...rest, command: { type, mode, retriesMax } };
    }
  }
}

/** Answered as of its event, so that a replay is answered alike. */
function answerBatch(
  type: BatchOperation["type"],
  done: Done,
  ignoredFields: readonly string[],
): BatchResult {
  const { batch, ...written } = answerBatchWritten(done, ignoredFields);
  switch (type) {
    case "submit_batch":
    case "cancel_batch": {
      const task = batchTask(stateOfKind("batch", done.state), done.at);
      invariant(task !== undefined, `${batch.batch_id} has no task`);
      return { ...written, task };
    }
    case "delete_batch": {
      const message = `The batch ${batch.batch_id} was deleted; its history goes on.`;
      return { ...written, deletion: { message, success: true } };
    }
    case "create_batch":
    case "add_batch_objects":
    case "patch_batch":
    case "progress_batch":
    case "complete_batch":
    case "fail_batch":
    case "retry_batch":
      return { ...written, batch };
  }
}

export function answerBatchWritten(done: Done, ignoredFields: readonly string[]): BatchWritten {
  const state = stateOfKind("batch", done.state);
  const { at } = done;
  const written = writtenOf(done, ignoredFields);
  return { ...written, batch: renderBatch(state, { at }), tag: batchTag(state, at) };
}

/** Makes a batch of the object that the command right before left, and submits it. */
export function processingOf(parts: Parts, bucket: string): readonly Accompanying[] {
  const id = parts.newId("btch");
  const taskId = parts.newId("task");
  return [
    accompanying({
      target: { kind: "new_member", bucket, id },
      command: { type: "create_batch", objectIds: undefined, metadata: {} },
    }),
    accompanying({
      target: { kind: "member", bucket, id },
      command: { type: "submit_batch", taskId },
    }),
  ];
}
