/** Tasks: what goes on, or went on, by itself. */
import { z } from "zod";
import { TaskResponse } from "../../domain/task.js";
import { AsOf, Pagination } from "./lists.js";

export const TaskAnswer = TaskResponse.and(z.object({ as_of: AsOf.optional() }));
export type TaskAnswer = Readonly<z.infer<typeof TaskAnswer>>;

export interface TaskListQuery {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** The tasks that there were at a position (`@1234`) or time. */
  readonly asOf?: string | undefined;
}

export const ListTasksResponse = z.object({
  results: z.array(TaskResponse),
  total_count: z.number().int(),
  pagination: Pagination,
  as_of: AsOf.optional(),
});
export type ListTasksResponse = z.infer<typeof ListTasksResponse>;

/** The tasks of one namespace: what goes on, or went on, by itself. */
export interface Tasks {
  /** @throws NOT_FOUND, also for one that there was not yet at `asOf`. */
  get(taskId: string, options?: { readonly asOf?: string | undefined }): Promise<TaskAnswer>;
  /** Newest first. */
  list(query?: TaskListQuery): Promise<ListTasksResponse>;
}
