/** The tasks of one namespace, over HTTP. */

import type {
  ListQuery,
  ListTasksResponse,
  TaskAnswer,
  TaskCancellation,
  Tasks,
} from "../api/index.js";
import { assertAsked } from "../api/questions.js";
import { segment } from "./place.js";
import type { Requests } from "./requests.js";
import { answerWith } from "./shapes.js";

const Task = answerWith<TaskAnswer>({ task_id: "string", task_type: "string" });
const List = answerWith<ListTasksResponse>({ results: "list", pagination: "object" });
const Cancellation = answerWith<TaskCancellation>({ task: "object" });

export class RemoteTasks implements Tasks {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async get(
    taskId: string,
    options: { readonly asOf?: string | undefined } = {},
  ): Promise<TaskAnswer> {
    assertAsked("get", options);
    const path = `/v1/tasks/${segment(taskId)}`;
    return await this.#requests.get(path, { as_of: options.asOf }, Task);
  }

  async cancel(
    taskId: string,
    { reason }: { readonly reason?: string | undefined } = {},
  ): Promise<TaskCancellation> {
    const write = { method: "DELETE", path: `/v1/tasks/${segment(taskId)}` } as const;
    const call = this.#requests.writing(write, { reason });
    return (await this.#requests.transport.json(call, Cancellation)).body;
  }

  async list(query: ListQuery = {}): Promise<ListTasksResponse> {
    return await this.#requests.list("/v1/tasks/list", query, List);
  }
}
