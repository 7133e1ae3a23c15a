/** Tasks of one namespace or of several, as they are and as they were. */
import type {
  ListQuery,
  ListTasksResponse,
  TaskAnswer,
  TaskCancellation,
  Tasks,
} from "../../api/index.js";
import { assertText } from "../../api/options.js";
import { assertAsked } from "../../api/questions.js";
import { type BucketsError, isBucketsError } from "../../domain/errors.js";
import type { DomainEvent } from "../../domain/event.js";
import type { Criteria } from "../../domain/filter/parse.js";
import { isUnreadable } from "../../domain/history.js";
import { type PageQuery, select } from "../../domain/listing.js";
import type { Within } from "../../domain/namespace/within.js";
import { organizationNotFound } from "../../domain/not-found.js";
import { batchTask, type TaskResponse, uploadsTaskOf } from "../../domain/task.js";
import { taskCatalog, taskListing } from "../../domain/task-list.js";
import type { TaskPage } from "../../projections/view.js";
import type { OfOrganization, ReadingParts } from "../parts.js";
import { beginPage, endPage } from "./list-page.js";
import { ownQuery } from "./lists.js";
import { type NamespacePast, namespacePastAt } from "./namespace-past.js";
import { streamEvents } from "./stream-events.js";
import { asPoint } from "./stream-past.js";

const path = "/v1/tasks/list";

export class TaskService implements Tasks {
  readonly #parts: ReadingParts;
  readonly #within: Within;
  readonly #writeIn: OfOrganization["writeIn"];

  constructor({ parts, within, writeIn }: OfOrganization) {
    this.#parts = parts;
    this.#within = within;
    this.#writeIn = writeIn;
  }

  async get(taskId: string, options: { asOf?: string | undefined } = {}): Promise<TaskAnswer> {
    assertAsked("get", options);
    assertText(taskId, "task");
    const asOf = asPoint(options.asOf, "as_of");
    const task = await this.#parts.view.findTask(this.#within, taskId);
    if (task === undefined) throw this.#notFound(taskId, "");
    if (asOf === undefined) return await this.#now(task);
    const past = await namespacePastAt(this.#parts, this.#within, asOf);
    const then = await this.#then(task, past);
    if (then !== undefined) return { ...then, as_of: past.asOf };
    throw this.#notFound(taskId, ` at ${asOf.text}: it begins at ${task.created_at}`);
  }

  async cancel(
    taskId: string,
    { reason }: { readonly reason?: string | undefined } = {},
  ): Promise<TaskCancellation> {
    const { as_of: _, ...task } = await this.get(taskId);
    if (task.task_type !== "api_buckets_batches_process" || !goingOn.includes(task.status))
      return ended(task);
    const { bucket_id: bucket, batch_id: batch, additional_data } = task;
    try {
      const write = this.#writeIn(additional_data.namespace_id);
      await write({ type: "cancel_batch", bucket, batch, reason }, {});
    } catch (error) {
      // Whoever works on it may have been faster: then it has ended all the same.
      if (!isBucketsError(error) || error.code !== "BAD_REQUEST") throw error;
      return ended(await this.#now(task));
    }
    const message = `The task ${taskId} was canceled.`;
    return { message, success: true, task: await this.#now(task) };
  }

  async list(given: ListQuery = {}): Promise<ListTasksResponse> {
    const query = ownQuery(given);
    const begun = beginPage(query, taskCatalog, ["tasks", this.#within]);
    const { criteria, asOf, wanted: which } = begun;
    const past =
      asOf === undefined ? undefined : await namespacePastAt(this.#parts, this.#within, asOf);
    const { tasks, totalCount } =
      past === undefined && asksNothing(criteria)
        ? await this.#newest(which)
        : await this.#selected(criteria, which, past);
    const { shown, pagination } = endPage(
      { rows: tasks, isCut: false, total: totalCount },
      { ...begun, listing: taskListing, path },
    );
    return {
      results: [...shown],
      total_count: totalCount,
      pagination,
      ...(past !== undefined && { as_of: past.asOf }),
    };
  }

  async #newest(which: PageQuery): Promise<TaskPage> {
    const { tasks, totalCount } = await this.#parts.view.listTasks({
      within: this.#within,
      ...which,
    });
    return { tasks: await Promise.all(tasks.map((task) => this.#now(task))), totalCount };
  }

  /** Reads every task that there ever was, as a list of buckets reads every bucket. */
  async #selected(
    criteria: Criteria,
    which: PageQuery,
    past: NamespacePast | undefined,
  ): Promise<TaskPage> {
    const every = { limit: Number.MAX_SAFE_INTEGER, offset: 0, after: undefined };
    const told: TaskResponse[] = [];
    for (const task of (await this.#parts.view.listTasks({ within: this.#within, ...every }))
      .tasks) {
      const then = past === undefined ? await this.#now(task) : await this.#then(task, past);
      if (then !== undefined) told.push(then);
    }
    const { all, page } = select(told, criteria, taskListing, which);
    return { tasks: page, totalCount: all.length };
  }

  /**
   * A batch is processed under leases that lapse without an event, and each of several uploads knows
   * itself alone: such tasks are told anew.
   */
  async #now(task: TaskResponse): Promise<TaskResponse> {
    const { clock, view } = this.#parts;
    if (task.task_type === "api_buckets_uploads_batch_confirm") {
      return uploadsTaskOf(task, await view.uploadsOf(task.task_id));
    }
    if (task.task_type !== "api_buckets_batches_process" || !goingOn.includes(task.status))
      return task;
    const batch = await view.state(task.batch_id);
    return (batch?.kind === "batch" ? batchTask(batch, clock()) : undefined) ?? task;
  }

  /** Undefined for one that had not begun. */
  async #then(task: TaskResponse, past: NamespacePast): Promise<TaskResponse | undefined> {
    switch (task.task_type) {
      case "api_buckets_delete":
        return (await this.#wasMade(task, task.bucket_id, past)) ? task : undefined;
      case "api_namespaces_delete":
        return (await this.#wasMade(task, task.namespace_id, past)) ? task : undefined;
      case "api_buckets_objects_create":
        return (await this.#wasMade(task, task.sync_config_id, past)) ? task : undefined;
      case "api_buckets_uploads_batch_confirm": {
        const wasMade = await this.#wasMade(task, task.upload_id, past);
        return wasMade ? await this.#now(task) : undefined;
      }
      case "api_buckets_batches_process": {
        const [batch] = await this.#parts.events.statesAt([task.batch_id], past.point);
        return batch?.kind === "batch" ? batchTask(batch, past.at) : undefined;
      }
    }
  }

  /** What is done at once begins with the event that it is of. */
  async #wasMade(task: TaskResponse, stream: string, { point }: NamespacePast): Promise<boolean> {
    const begun = Date.parse(task.created_at);
    if (point.kind === "time") return begun <= point.time;
    const { events } = this.#parts;
    const place = await events.placeAt(stream, point);
    if (place === undefined || place.recordedAt < begun) return false;
    if (place.recordedAt > begun) return true;
    // Events that were committed together share their time: whether it is among those is read.
    const before = await events.placeAt(stream, { kind: "time", time: begun - 1 });
    const together = { from: (before?.version ?? 0) + 1, to: place.version };
    for await (const logged of streamEvents(events, stream, together)) {
      if (!isUnreadable(logged) && taskOf(logged.recorded.event) === task.task_id) return true;
    }
    return false;
  }

  #notFound(taskId: string, when: string): BucketsError {
    return organizationNotFound("task", taskId, this.#within, when);
  }
}

function asksNothing({ search, filter, sort }: Criteria): boolean {
  return search === undefined && filter === undefined && sort === undefined;
}

const goingOn: readonly TaskResponse["status"][] = [
  "PENDING",
  "QUEUED",
  "IN_PROGRESS",
  "PROCESSING",
];

function ended(task: TaskResponse): TaskCancellation {
  const message = `The task ${task.task_id} is ${task.status}: there is nothing to cancel.`;
  return { message, success: true, task };
}

/** The id of the task that the event is of. */
function taskOf({ data }: DomainEvent): string | undefined {
  if ("task_id" in data) return data.task_id;
  return "confirmation" in data ? data.confirmation?.task_id : undefined;
}
