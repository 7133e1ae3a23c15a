/** What tasks are, in words, and what makes and moves them. */
import type { FeedEvent, TaskResponse } from "../../../client/index.js";

export function whatOf(task: TaskResponse): string {
  switch (task.task_type) {
    case "api_buckets_delete":
      return "Delete a bucket";
    case "api_namespaces_delete":
      return "Delete a namespace";
    case "api_buckets_batches_process":
      return "Process a batch";
    case "api_buckets_objects_create":
      return "Pull into a bucket";
    case "api_buckets_uploads_batch_confirm":
      return "Confirm uploads";
  }
}

/** Whether tasks are others after the event. */
export function changesTasks({ type }: FeedEvent): boolean {
  return (
    /^(bucket\.deleted|namespace\.deleted|sync\.triggered|upload\.confirmed)$/.test(type) ||
    type.startsWith("batch.")
  );
}
