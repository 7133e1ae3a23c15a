/** Tasks: what was asked for and goes on, or went on, by itself (CONTRACT: buckets, batches). */
import { z } from "zod";
import { statusAt } from "./batch/lease.js";
import type { BatchState } from "./batch/state.js";
import { type BucketState, nameOf } from "./bucket/state.js";
import type { NamespaceState } from "./namespace/state.js";
import { answeredTime } from "./schemas.js";
import { statuses } from "./statuses.js";
import type { SyncState } from "./sync/state.js";
import type { UploadState } from "./upload/state.js";

export const BucketDeletionTask = z.object({
  task_id: z.string(),
  task_type: z.literal("api_buckets_delete"),
  status: z.enum(statuses),
  bucket_id: z.string(),
  bucket_name: z.string(),
  object_count: z.number().int(),
  created_at: answeredTime,
  updated_at: answeredTime,
});

export type BucketDeletionTask = Readonly<z.infer<typeof BucketDeletionTask>>;

export const NamespaceDeletionTask = z.object({
  task_id: z.string(),
  task_type: z.literal("api_namespaces_delete"),
  status: z.enum(statuses),
  namespace_id: z.string(),
  namespace_name: z.string(),
  bucket_count: z.number().int(),
  object_count: z.number().int(),
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type NamespaceDeletionTask = Readonly<z.infer<typeof NamespaceDeletionTask>>;

const BatchTask = z.object({
  task_id: z.string(),
  task_type: z.literal("api_buckets_batches_process"),
  status: z.enum(statuses),
  bucket_id: z.string(),
  batch_id: z.string(),
  object_count: z.number().int(),
  /** The batch again, where clients of the hosted API look for it. */
  inputs: z.array(z.string()),
  additional_data: z.object({
    batch_id: z.string(),
    bucket_id: z.string(),
    namespace_id: z.string(),
    object_count: z.number().int(),
  }),
  error: z.string().optional(),
  created_at: answeredTime,
  updated_at: answeredTime,
});

/** What the hosted API would have done of a trigger is to make objects. */
export const SyncTask = z.object({
  task_id: z.string(),
  task_type: z.literal("api_buckets_objects_create"),
  status: z.enum(statuses),
  bucket_id: z.string(),
  sync_config_id: z.string(),
  object_count: z.literal(0),
  error: z.string(),
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type SyncTask = Readonly<z.infer<typeof SyncTask>>;

/** Several uploads that were confirmed by one request, each by itself with its object. */
export const UploadsTask = z.object({
  task_id: z.string(),
  task_type: z.literal("api_buckets_uploads_batch_confirm"),
  status: z.enum(statuses),
  bucket_id: z.string(),
  /** The first of those that were. */
  upload_id: z.string(),
  /** How many were to be confirmed. */
  upload_count: z.number().int(),
  object_count: z.number().int(),
  /** The uploads that were. */
  inputs: z.array(z.string()),
  /** The objects that were made of them. */
  outputs: z.array(z.string()),
  error: z.string().optional(),
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type UploadsTask = Readonly<z.infer<typeof UploadsTask>>;

export const TaskResponse = z.discriminatedUnion("task_type", [
  BucketDeletionTask,
  NamespaceDeletionTask,
  BatchTask,
  SyncTask,
  UploadsTask,
]);
export type TaskResponse = Readonly<z.infer<typeof TaskResponse>>;

/**
 * The task of deleting a bucket, if the state says that it was deleted. Deleting is one event
 * however much the bucket holds, so the task is completed the moment that it exists.
 */
export function deletionTask(
  state: BucketState,
  objectCount: () => number,
): BucketDeletionTask | undefined {
  if (state.deleted === undefined) return undefined;
  return {
    task_id: state.deleted.task_id,
    task_type: "api_buckets_delete",
    status: "COMPLETED",
    bucket_id: state.bucket_id,
    bucket_name: nameOf(state),
    object_count: objectCount(),
    created_at: state.deleted.deleted_at,
    updated_at: state.deleted.deleted_at,
  };
}

/**
 * The task of deleting a namespace, if the state says that it was deleted. It goes in one transaction
 * with what is in it, so the task is completed the moment that it exists as well.
 */
export function namespaceDeletionTask(state: NamespaceState): NamespaceDeletionTask | undefined {
  if (state.deleted === undefined) return undefined;
  const { deleted_at: at, task_id, bucket_count, object_count } = state.deleted;
  return {
    task_id,
    task_type: "api_namespaces_delete",
    status: "COMPLETED",
    namespace_id: state.namespace_id,
    namespace_name: state.namespace,
    bucket_count,
    object_count,
    created_at: at,
    updated_at: at,
  };
}

/**
 * The task of processing a batch at a moment (milliseconds), once it was submitted. It goes on being
 * told after the batch was deleted.
 */
export function batchTask(state: BatchState, at: number): TaskResponse | undefined {
  if (state.task_id === undefined || state.submitted_at === undefined) return undefined;
  const place = {
    batch_id: state.batch_id,
    bucket_id: state.bucket_id,
    object_count: state.document.object_ids.length,
  };
  return {
    task_id: state.task_id,
    task_type: "api_buckets_batches_process",
    status: statusAt(state, at),
    ...place,
    inputs: [state.batch_id],
    additional_data: { ...place, namespace_id: state.namespace },
    ...(state.error !== undefined && { error: state.error }),
    created_at: state.submitted_at,
    updated_at: state.finished_at ?? state.updated_at,
  };
}

/** The task of the last trigger of a sync, if there was one: it failed at once. */
export function syncTask(state: SyncState): SyncTask | undefined {
  if (state.triggered === undefined) return undefined;
  const { triggered_at: at, task_id, error } = state.triggered;
  return {
    task_id,
    task_type: "api_buckets_objects_create",
    status: "FAILED",
    bucket_id: state.bucket_id,
    sync_config_id: state.sync_config_id,
    object_count: 0,
    error,
    created_at: at,
    updated_at: at,
  };
}

/** The task of confirming several uploads, as one of them knows it. */
export function uploadsTask(state: UploadState): UploadsTask | undefined {
  const { confirmation, completed_at: at } = state;
  if (confirmation === undefined || at === undefined) return undefined;
  return {
    task_id: confirmation.task_id,
    task_type: "api_buckets_uploads_batch_confirm",
    status: "COMPLETED",
    bucket_id: state.bucket_id,
    upload_id: state.upload_id,
    upload_count: confirmation.asked,
    inputs: [state.upload_id],
    outputs: state.object_id === undefined ? [] : [state.object_id],
    object_count: state.object_id === undefined ? 0 : 1,
    created_at: at,
    updated_at: at,
  };
}

/** The same, as all of those know it that were confirmed. */
export function uploadsTaskOf(task: UploadsTask, confirmed: readonly UploadState[]): UploadsTask {
  const refused = task.upload_count - confirmed.length;
  const outputs = confirmed.flatMap(({ object_id: id }) => (id === undefined ? [] : [id]));
  return {
    ...task,
    status: refused === 0 ? "COMPLETED" : "COMPLETED_WITH_ERRORS",
    upload_id: confirmed[0]?.upload_id ?? task.upload_id,
    inputs: confirmed.map(({ upload_id: id }) => id),
    outputs,
    object_count: outputs.length,
    ...(refused > 0 && { error: `${refused} of ${task.upload_count} uploads were refused.` }),
  };
}
