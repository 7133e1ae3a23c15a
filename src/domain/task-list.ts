/** What lists of tasks know of them: their fields, what is searched, and their order. */
import type { FieldCatalog } from "./filter/fields.js";
import { withoutAbsent } from "./json.js";
import type { Listing } from "./listing.js";
import { TaskResponse } from "./task.js";

/** Those of every type: a task that lacks one does not match what is asked of it. */
export const taskCatalog: FieldCatalog = {
  names: [...new Set(TaskResponse.options.flatMap(({ shape }) => Object.keys(shape)))],
  times: ["created_at", "updated_at"],
};

export const taskListing: Listing<TaskResponse> = {
  fields: (task) => withoutAbsent(task),
  searched: [
    "task_id",
    "task_type",
    "bucket_id",
    "bucket_name",
    "namespace_name",
    "batch_id",
    "error",
  ],
  createdAt: ({ created_at: createdAt }) => createdAt,
  id: ({ task_id: id }) => id,
};
