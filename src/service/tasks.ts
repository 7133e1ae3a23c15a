/** The tasks of one namespace. */
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { parseQuery } from "../domain/schemas.js";
import type { TaskResponse } from "../domain/task.js";
import type { BucketView } from "../projections/view.js";
import type { ListTasksResponse, TaskListQuery, Tasks } from "./interface.js";
import { paginate } from "./pagination.js";

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
});

export class TaskService implements Tasks {
  readonly #view: BucketView;
  readonly #namespace: string;

  constructor(view: BucketView, namespace: string) {
    this.#view = view;
    this.#namespace = namespace;
  }

  async get(taskId: string): Promise<TaskResponse> {
    const task = await this.#view.findTask(this.#namespace, taskId);
    if (task !== undefined) return task;
    throw new BucketsError(
      "NOT_FOUND",
      `There is no task "${taskId}" in the namespace "${this.#namespace}".`,
      { resource: "task", identifier: taskId },
    );
  }

  async list(query: TaskListQuery = {}): Promise<ListTasksResponse> {
    const { limit, offset } = parseQuery(ListRequest, query);
    const { tasks, totalCount } = await this.#view.listTasks({
      namespace: this.#namespace,
      limit,
      offset,
    });
    const hasMore = offset + tasks.length < totalCount;
    return {
      results: [...tasks],
      total_count: totalCount,
      pagination: paginate({ total: totalCount, limit, offset, hasMore }),
    };
  }
}
