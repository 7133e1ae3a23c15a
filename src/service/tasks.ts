/** The tasks of one namespace, as they are and as they were. */
import { z } from "zod";
import { BucketsError } from "../domain/errors.js";
import { limits } from "../domain/limits.js";
import { parseQuery } from "../domain/schemas.js";
import { batchTask, type TaskResponse } from "../domain/task.js";
import type { ListTasksResponse, TaskAnswer, TaskListQuery, Tasks } from "./interface.js";
import { type Moment, momentOf } from "./moment.js";
import { paginate } from "./pagination.js";
import type { ServiceParts } from "./parts.js";
import { asPoint } from "./past.js";

const ListRequest = z.object({
  limit: z.number().int().min(1).max(limits.pageSizeMax).default(limits.listPageSizeDefault),
  offset: z.number().int().min(0).default(0),
});

type TaskParts = Pick<ServiceParts, "events" | "view" | "clock">;

export class TaskService implements Tasks {
  readonly #parts: TaskParts;
  readonly #namespace: string;

  constructor(parts: TaskParts, namespace: string) {
    this.#parts = parts;
    this.#namespace = namespace;
  }

  async get(taskId: string, options: { asOf?: string | undefined } = {}): Promise<TaskAnswer> {
    const asOf = asPoint(options.asOf, "as_of");
    const task = await this.#parts.view.findTask(this.#namespace, taskId);
    if (task === undefined) throw this.#notFound(taskId, "");
    if (asOf === undefined) return await this.#now(task);
    const moment = await momentOf(this.#parts, this.#namespace, asOf);
    const then = await this.#then(task, moment);
    if (then !== undefined) return { ...then, as_of: moment.asOf };
    throw this.#notFound(taskId, ` at ${asOf.text}: it begins at ${task.created_at}`);
  }

  async list(query: TaskListQuery = {}): Promise<ListTasksResponse> {
    const { limit, offset } = parseQuery(ListRequest, query);
    const asOf = asPoint(query.asOf, "as_of");
    const moment =
      asOf === undefined ? undefined : await momentOf(this.#parts, this.#namespace, asOf);
    const { tasks, totalCount } =
      moment === undefined
        ? await this.#page(limit, offset)
        : await this.#pageAt(moment, limit, offset);
    const hasMore = offset + tasks.length < totalCount;
    return {
      results: [...tasks],
      total_count: totalCount,
      pagination: paginate({ total: totalCount, limit, offset, hasMore }),
      ...(moment !== undefined && { as_of: moment.asOf }),
    };
  }

  async #page(limit: number, offset: number) {
    const page = { namespace: this.#namespace, limit, offset };
    const { tasks, totalCount } = await this.#parts.view.listTasks(page);
    return { tasks: await Promise.all(tasks.map((task) => this.#now(task))), totalCount };
  }

  /** Reads every task that there ever was, as a list of buckets reads every bucket. */
  async #pageAt(moment: Moment, limit: number, offset: number) {
    const all = { namespace: this.#namespace, limit: Number.MAX_SAFE_INTEGER, offset: 0 };
    const tasks: TaskResponse[] = [];
    for (const task of (await this.#parts.view.listTasks(all)).tasks) {
      const then = await this.#then(task, moment);
      if (then !== undefined) tasks.push(then);
    }
    return { tasks: tasks.slice(offset, offset + limit), totalCount: tasks.length };
  }

  /** A batch is processed under leases that lapse without an event, so its task is told anew. */
  async #now(task: TaskResponse): Promise<TaskResponse> {
    if (task.task_type === "api_buckets_delete") return task;
    const { clock, events, view } = this.#parts;
    const batch = await view.state(task.batch_id);
    const now = Math.max(clock(), (await events.head()).recordedAt);
    return (batch?.kind === "batch" ? batchTask(batch, now) : undefined) ?? task;
  }

  /** Undefined for one that had not begun. */
  async #then(task: TaskResponse, moment: Moment): Promise<TaskResponse | undefined> {
    if (task.task_type === "api_buckets_delete") {
      return (await this.#wasDeleted(task, moment)) ? task : undefined;
    }
    const [batch] = await this.#parts.events.statesAt([task.batch_id], moment.point);
    return batch?.kind === "batch" ? batchTask(batch, moment.at) : undefined;
  }

  /** A deletion begins with the event that deletes its bucket, and is done at once. */
  async #wasDeleted(task: TaskResponse, { point }: Moment): Promise<boolean> {
    const begun = Date.parse(task.created_at);
    if (point.kind === "time") return begun <= point.time;
    const { events } = this.#parts;
    const place = await events.placeAt(task.bucket_id, point);
    if (place === undefined || place.recordedAt < begun) return false;
    if (place.recordedAt > begun) return true;
    // Events that were committed together share their time: whether it is among those is read.
    const before = await events.placeAt(task.bucket_id, { kind: "time", time: begun - 1 });
    const page = { order: "asc", from: (before?.version ?? 0) + 1, to: place.version } as const;
    const together = await events.readStream(task.bucket_id, { ...page, limit: place.version });
    return together.some(
      ({ recorded: { event } }) =>
        event.type === "bucket.deleted" && event.data.task_id === task.task_id,
    );
  }

  #notFound(taskId: string, when: string): BucketsError {
    return new BucketsError(
      "NOT_FOUND",
      `There is no task "${taskId}" in the namespace "${this.#namespace}"${when}.`,
      { resource: "task", identifier: taskId },
    );
  }
}
