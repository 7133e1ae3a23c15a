/** Tasks: what was asked for and goes on, or went on, by itself (CONTRACT: buckets). */
import { z } from "zod";
import { statuses } from "./bucket/response.js";
import { type BucketState, nameOf } from "./bucket/state.js";
import { answeredTime } from "./schemas.js";

export const TaskResponse = z.object({
  task_id: z.string(),
  task_type: z.enum(["api_buckets_delete"]),
  status: z.enum(statuses),
  bucket_id: z.string(),
  bucket_name: z.string(),
  object_count: z.number().int(),
  created_at: answeredTime,
  updated_at: answeredTime,
});
export type TaskResponse = Readonly<z.infer<typeof TaskResponse>>;

/**
 * The task of deleting a bucket, if the state says that it was deleted. Deleting is one event
 * however much the bucket holds, so the task is completed the moment that it exists.
 */
export function deletionTask(state: BucketState): TaskResponse | undefined {
  if (state.deleted === undefined) return undefined;
  return {
    task_id: state.deleted.task_id,
    task_type: "api_buckets_delete",
    status: "COMPLETED",
    bucket_id: state.bucket_id,
    bucket_name: nameOf(state),
    object_count: 0,
    created_at: state.deleted.deleted_at,
    updated_at: state.deleted.deleted_at,
  };
}
