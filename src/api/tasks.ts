/** Tasks: what goes on, or went on, by itself. */
import { z } from "zod";
import { TaskResponse } from "../domain/task.js";
import { AsOf, type ListQuery, Pagination } from "./lists.js";

export const TaskAnswer = TaskResponse.and(z.object({ as_of: AsOf.optional() }));
export type TaskAnswer = Readonly<z.infer<typeof TaskAnswer>>;

export const ListTasksResponse = z.object({
  results: z.array(TaskResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListTasksResponse = z.infer<typeof ListTasksResponse>;

/** What became of the wish to cancel a task. */
export const TaskCancellation = z.object({
  message: z.string(),
  success: z.literal(true),
  /** As it is now. */
  task: TaskResponse,
});
export type TaskCancellation = Readonly<z.infer<typeof TaskCancellation>>;

/** The tasks of one namespace: what goes on, or went on, by itself. */
export interface Tasks<Sent = never> {
  /** @throws NOT_FOUND, also for one that there was not yet at `asOf`. */
  get(taskId: string, options?: { readonly asOf?: string | undefined }): Promise<TaskAnswer>;
  /** Newest first unless they are sorted. @throws BAD_REQUEST for criteria that do not fit. */
  list(query?: ListQuery<Sent>): Promise<ListTasksResponse>;
  /**
   * Takes back what goes on: the batch of the task, also from a worker. What has ended stays as it is,
   * and is no fault: asked twice, it answers twice.
   * @throws NOT_FOUND; BUCKET_LOCKED where the bucket takes no writes.
   */
  cancel(
    taskId: string,
    options?: { readonly reason?: string | undefined },
  ): Promise<TaskCancellation>;
}
