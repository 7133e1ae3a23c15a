/** Tasks: what was asked for and goes on, or went on, by itself (CONTRACT: buckets, batches). */
import { z } from "zod";
import { statusAt } from "./batch/lease.js";
import type { BatchState } from "./batch/state.js";
import { statuses } from "./bucket/response.js";
import { type BucketState, nameOf } from "./bucket/state.js";
import type { ResourceState } from "./resource.js";
import { answeredTime } from "./schemas.js";

const DeletionTask = z.object({
  task_id: z.string(),
  task_type: z.literal("api_buckets_delete"),
  status: z.enum(statuses),
  bucket_id: z.string(),
  bucket_name: z.string(),
  object_count: z.number().int(),
  created_at: answeredTime,
  updated_at: answeredTime,
});

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

export const TaskResponse = z.discriminatedUnion("task_type", [DeletionTask, BatchTask]);
export type TaskResponse = Readonly<z.infer<typeof TaskResponse>>;

/**
 * The task that the state says to go on, or to have gone on.
 *
 * @param objectCount how many objects the bucket holds.
 * @param at milliseconds.
 */
export function taskOf(
  state: ResourceState,
  objectCount: () => number,
  at: number,
): TaskResponse | undefined {
  switch (state.kind) {
    case "bucket":
      return deletionTask(state, objectCount);
    case "batch":
      return batchTask(state, at);
    case "object":
    case "upload":
    case "delivery":
    case "connection":
      return undefined;
  }
}

/**
 * The task of deleting a bucket, if the state says that it was deleted. Deleting is one event
 * however much the bucket holds, so the task is completed the moment that it exists.
 */
export function deletionTask(
  state: BucketState,
  objectCount: () => number,
): TaskResponse | undefined {
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
