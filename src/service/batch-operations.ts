/**
 * Turns a write to a batch, as data, into one that was checked: its shape fits, and its command is
 * made. No rule of the domain is decided here.
 */
import type { z } from "zod";
import type { BatchCommand } from "../domain/batch/commands.js";
import {
  AddObjectsRequest,
  CompleteRequest,
  CreateBatchRequest,
  FailRequest,
  PatchBatchRequest,
  ProgressRequest,
} from "../domain/batch/requests.js";
import { batchTag, renderBatch } from "../domain/batch/response.js";
import { checkFields, strayFields } from "../domain/bucket/requests.js";
import { invariant } from "../domain/errors.js";
import { changesOf } from "../domain/history.js";
import { type JsonValue, toJson } from "../domain/json.js";
import { stateOfKind } from "../domain/resource.js";
import { parseBody } from "../domain/schemas.js";
import { batchTask } from "../domain/task.js";
import type {
  BatchOperation,
  BatchResult,
  BatchWritten,
  ServedOperationOptions,
} from "./interface.js";
import type { ServiceParts } from "./parts.js";
import {
  type Accompanying,
  anyVersion,
  type Checked,
  checkReason,
  type Done,
  preconditionOf,
} from "./writing.js";

/** What an operation is, beside how it is meant. */
interface Asked {
  readonly command: BatchCommand;
  readonly body?: JsonValue;
  readonly ignoredFields?: readonly string[];
}

type Parts = Pick<ServiceParts, "newId">;

/** @throws BAD_REQUEST for what is wrong with the options, before VALIDATION_FAILED. */
export function checkBatchOperation(
  parts: Parts,
  operation: BatchOperation & ServedOperationOptions,
): Checked<BatchResult> {
  checkReason(operation.reason);
  const { type, bucket } = operation;
  const { command, body = null, ignoredFields = [] } = ask(parts, operation);
  const target =
    operation.type === "create_batch"
      ? ({ kind: "new_member", bucket, id: parts.newId("btch") } as const)
      : ({ kind: "member", bucket, id: operation.batch } as const);
  return {
    call: [type, bucket, operation.type === "create_batch" ? null : operation.batch, body],
    reason: operation.reason,
    precondition: preconditionOf(operation),
    prepare: async () => ({ target, command, secrets: [] }),
    render: async (done) => answerBatch(type, done, ignoredFields),
  };
}

function ask(parts: Parts, operation: BatchOperation & ServedOperationOptions): Asked {
  const { type, strict } = operation;
  switch (type) {
    case "create_batch": {
      const { request, ...rest } = read(CreateBatchRequest, operation.body, strict);
      const { object_ids: objectIds, metadata } = request;
      return { ...rest, command: { type, objectIds, metadata } };
    }
    case "add_batch_objects": {
      const { request, ...rest } = read(AddObjectsRequest, operation.body, strict);
      return { ...rest, command: { type, objectIds: request.object_ids } };
    }
    case "patch_batch": {
      const { request, ...rest } = read(PatchBatchRequest, operation.patch, strict);
      return { ...rest, command: { type, metadata: request.metadata } };
    }
    case "submit_batch":
      return { command: { type, taskId: parts.newId("task") } };
    case "cancel_batch":
    case "delete_batch":
      return { command: { type } };
    case "progress_batch": {
      const { request, ...rest } = read(ProgressRequest, operation.body, strict);
      const { claim_id: claimId, processed_count, failed_count, lease_seconds } = request;
      const leaseMs = lease_seconds === undefined ? undefined : lease_seconds * 1_000;
      const progress = { processed_count, failed_count };
      return { ...rest, command: { type, claimId, progress, leaseMs } };
    }
    case "complete_batch": {
      const { request, ...rest } = read(CompleteRequest, operation.body, strict);
      const { claim_id: claimId, result, errors } = request;
      return { ...rest, command: { type, claimId, result, errors } };
    }
    case "fail_batch": {
      const { request, ...rest } = read(FailRequest, operation.body, strict);
      return { ...rest, command: { type, claimId: request.claim_id, error: request.error } };
    }
  }
}

function read<Schema extends z.ZodObject>(schema: Schema, sent: unknown, strict?: boolean) {
  const body = toJson(sent ?? {});
  const request = parseBody(schema, body);
  return { body, request, ignoredFields: checkFields(strayFields(body, schema), strict === true) };
}

/** Answered as of its event, so that a replay is answered alike. */
function answerBatch(
  type: BatchOperation["type"],
  done: Done,
  ignoredFields: readonly string[],
): BatchResult {
  const { batch, ...written } = answerBatchWritten(done, ignoredFields);
  switch (type) {
    case "submit_batch": {
      const task = batchTask(stateOfKind("batch", done.state), done.recorded.recordedAt);
      invariant(task !== undefined, `${batch.batch_id} was submitted without a task`);
      return { ...written, task };
    }
    case "delete_batch": {
      const message = `The batch ${batch.batch_id} was deleted; its history goes on.`;
      return { ...written, deletion: { message, success: true } };
    }
    default:
      return { ...written, batch };
  }
}

export function answerBatchWritten(done: Done, ignoredFields: readonly string[]): BatchWritten {
  const { recorded, replayed, dryRun } = done;
  const state = stateOfKind("batch", done.state);
  const at = recorded.recordedAt;
  return {
    batch: renderBatch(state, { at }),
    version: state.version,
    position: state.position,
    tag: batchTag(state, at),
    changes: changesOf(recorded.event),
    ignoredFields,
    replayed,
    dryRun,
  };
}

/** Makes a batch of the object that the command right before left, and submits it. */
export function processingOf(parts: Parts, bucket: string): readonly Accompanying[] {
  const id = parts.newId("btch");
  const taskId = parts.newId("task");
  const along = { reason: undefined, precondition: anyVersion };
  return [
    {
      ...along,
      prepare: async () => ({
        target: { kind: "new_member", bucket, id },
        command: { type: "create_batch", objectIds: undefined, metadata: {} },
        secrets: [],
      }),
    },
    {
      ...along,
      prepare: async () => ({
        target: { kind: "member", bucket, id },
        command: { type: "submit_batch", taskId },
        secrets: [],
      }),
    },
  ];
}
